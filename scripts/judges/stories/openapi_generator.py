"""The scenario, with the client that openapi-generator writes for Python."""

import brms_client as brms
from brms_client.exceptions import ApiException

from example_seed import DORA, IAN, NINA, OWNER_SESSION, OWNER_TOKEN, PRICING, READER_SESSION
from support import HOST, UNKNOWN_ID, accept, mailed_code, same


def apis(authorization):
    """Every API of the client, for a caller."""
    client = brms.ApiClient(brms.Configuration(host=HOST))
    if authorization:
        client.set_default_header("Authorization", authorization)
    return client


def refused(status, kind, call, *arguments, **options):
    """A call that must fail with a problem, parsed by the client."""
    try:
        call(*arguments, **options)
    except ApiException as error:
        same((error.status, error.data.status, error.data.type), (status, status, f"urn:brms:problem:{kind}"))
        return error
    raise AssertionError(f"{call.__name__} was not refused")


def project_and_group(token):
    made = brms.ProjectApi(token).create_project(brms.CreateProjectRequest(name="Discounts", key="discounts"))
    same((made.project.key, made.project.version), ("discounts", "v1"))
    group = brms.GroupApi(token).create_group(
        made.project.id, brms.SaveGroupRequest(name="Analysts", permissions=["documents:full", "releases"]))
    same((group.name, group.permissions), ("Analysts", ["documents:full", "releases"]))
    same([group.id for group in brms.GroupApi(token).list_groups(made.project.id).results], [group.id])
    return made.project.id, group.id


def invite_and_accept(session, token):
    users = brms.UserApi(session)
    ann, bob = users.invite_users(brms.InviteUsersRequest(emails=["ann@acme.test", "bob@acme.test"]))
    same((ann.email, ann.status, bob.email), ("ann@acme.test", "pending", "bob@acme.test"))
    first = mailed_code("ann@acme.test")
    again = users.send_user_invitation(ann.user_id)
    same((again.id, again.created_at, again.status), (ann.id, ann.created_at, "pending"))
    same([accept(first), accept(mailed_code("ann@acme.test"))], [410, 200])
    same(accept(mailed_code("ann@acme.test")), 410)
    found = brms.UserApi(token).list_users(search="ann@acme.test")
    same([(user.type, user.status, user.last_name) for user in found.results], [("member", "active", "Archer")])
    pending = brms.InvitationApi(token).list_invitations(status="pending", search="bob")
    same([invitation.user.id for invitation in pending.results], [bob.user_id])
    return ann.user_id, bob.user_id


def members(token, project, group, ann, bob):
    api = brms.MemberApi(token)
    wish = brms.InviteMembersRequest(user_ids=[ann, bob, NINA], group_ids=[group])
    added = api.invite_members(project, wish)
    same([str(member.user_id) for member in added], [str(ann), str(bob), NINA])
    same([member.user.type for member in added], ["MEMBER", "INVITED", "MEMBER"])
    same([member.groups[0].name for member in added], ["Analysts"] * 3)
    same(api.invite_members(project, wish), [])
    page = api.list_members(project, page=1, per_page=2)
    same((len(page.results), page.paginate.total, page.results[0].owner), (2, 4, True))
    changed = api.update_member(project, added[0].id, brms.UpdateMemberRequest(group_ids=[], owner=True))
    same((changed.owner, changed.groups), (True, []))


def tokens(session):
    api = brms.PersonalAccessTokenApi(session)
    wish = brms.CreateTokenRequest(note="for a story", allProjects=False, projects=[PRICING],
                                                 permissions=["project:manage"], expiry="month")
    made = api.create_personal_access_token(wish)
    groups = brms.GroupApi(apis(f"Bearer {made.token}"))
    same(len(groups.list_groups(PRICING).results), 2)
    renewed = api.regenerate_personal_access_token(made.id, brms.RegenerateTokenRequest(expiry="week"))
    refused(401, "unauthenticated", groups.list_groups, PRICING)
    same(len(brms.GroupApi(apis(f"Bearer {renewed.token}")).list_groups(PRICING).results), 2)
    same([token.id for token in api.list_personal_access_tokens()][1:], [made.id])
    api.delete_personal_access_token(made.id)
    refused(404, "not-found", api.get_personal_access_token, made.id)


def errors(session, token):
    users, api = brms.UserApi(session), brms.MemberApi(token)
    wrong = refused(400, "invalid-request", users.invite_users, brms.InviteUsersRequest(emails=["no address"]))
    same(wrong.data.errors[0].pointer, "/emails/0")
    refused(401, "unauthenticated", brms.UserApi(apis(None)).list_users)
    refused(401, "unauthenticated", brms.UserApi(token).send_user_invitation, IAN)
    refused(403, "forbidden", brms.UserApi(apis(READER_SESSION)).list_users)
    missing = refused(404, "not-found", api.invite_members, PRICING, brms.InviteMembersRequest(user_ids=[UNKNOWN_ID]))
    same(missing.data.errors[0].pointer, "/userIds/0")
    refused(409, "user-disabled", api.invite_members, PRICING, brms.InviteMembersRequest(user_ids=[DORA]))
    for _ in range(3):
        users.send_user_invitation(IAN)
    late = refused(429, "too-many-sends", users.send_user_invitation, IAN)
    same(int(late.headers["retry-after"]) > 0, True)


def main():
    session, token = apis(OWNER_SESSION), apis(OWNER_TOKEN)
    same(brms.InfrastructureApi(apis(None)).health_check(), "healthy")
    project, group = project_and_group(token)
    ann, bob = invite_and_accept(session, token)
    members(token, project, group, ann, bob)
    tokens(session)
    errors(session, token)
    print("the whole scenario")


main()
