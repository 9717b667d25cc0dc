// The short scenario, with the client that openapi-generator writes for Go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"

	brms "example.test/story/client"
)

// Secrets and ids of the example seed, tests/fixtures/seed-example.json.
const (
	session   = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000"
	pricing   = "0190a000-0000-7000-a000-000000000001"
	unknownID = "0190a000-0000-7000-8000-00000000dead"
)

var host = os.Getenv("HOST")

// calling returns the client of a caller.
func calling(authorization string) *brms.APIClient {
	configuration := brms.NewConfiguration()
	configuration.Servers = brms.ServerConfigurations{{URL: host}}
	if authorization != "" {
		configuration.AddDefaultHeader("Authorization", authorization)
	}
	return brms.NewAPIClient(configuration)
}

// must stops the story at an error.
func must[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// refused returns the problem of a call that has to be refused.
func refused(status int32, kind string, err error) brms.Problem {
	var failure *brms.GenericOpenAPIError
	if !errors.As(err, &failure) {
		log.Fatalf("not refused, and should be for %s: %v", kind, err)
	}
	problem, isProblem := failure.Model().(brms.Problem)
	same(isProblem, true)
	same(problem.Status, status)
	same(problem.Type, "urn:brms:problem:"+kind)
	return problem
}

// mailedCode returns the code in the latest mail to an address.
func mailedCode(address string) string {
	code, err := exec.Command(os.Getenv("MAILED_CODE"), address).Output()
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(code))
}

// accept posts what Ann's browser would; the page is no part of the description. It returns the status.
func accept(code string) int {
	body, _ := json.Marshal(map[string]string{"secret": code, "firstName": "Ann"})
	answer, err := http.Post(host+"/invitations/accept", "application/json", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func same[T comparable](found, wanted T) {
	if found != wanted {
		log.Fatalf("%v instead of %v", found, wanted)
	}
}

func main() {
	ctx, owner := context.Background(), calling(session)
	before := must(owner.UserAPI.ListUsers(ctx).Execute()).Paginate.Total
	invite := brms.InviteUsersRequest{Emails: []string{"ann@acme.test"}}
	ann := must(owner.UserAPI.InviteUsers(ctx).InviteUsersRequest(invite).Execute())[0]
	same(ann.Status, brms.INVITATIONSTATUS_PENDING)
	first := mailedCode("ann@acme.test")
	again := must(owner.UserAPI.SendUserInvitation(ctx, ann.UserId).Execute())
	same(again.CreatedAt.Equal(ann.CreatedAt), true)
	same(accept(first), 410)
	same(accept(mailedCode("ann@acme.test")), 200)
	found := must(owner.UserAPI.ListUsers(ctx).Search("ann@acme.test").Execute())
	same(found.Results[0].Status, brms.USERSTATUS_ACTIVE)
	same(must(owner.UserAPI.ListUsers(ctx).Execute()).Paginate.Total, before+1)
	wish := brms.InviteMembersRequest{UserIds: []string{ann.UserId}}
	member := must(owner.MemberAPI.InviteMembers(ctx, pricing).InviteMembersRequest(wish).Execute())[0]
	same(*member.UserId, ann.UserId)
	page := must(owner.MemberAPI.ListMembers(ctx, pricing).PerPage(1).Execute())
	same(len(page.Results), 1)
	same(page.Paginate.Total > 1, true)
	unknown := brms.InviteMembersRequest{UserIds: []string{unknownID}}
	_, _, err := owner.MemberAPI.InviteMembers(ctx, pricing).InviteMembersRequest(unknown).Execute()
	same(*refused(404, "not-found", err).Errors[0].Pointer, "/userIds/0")
	_, _, err = calling("").UserAPI.ListUsers(ctx).Execute()
	refused(401, "unauthenticated", err)
	fmt.Println("the short scenario")
}
