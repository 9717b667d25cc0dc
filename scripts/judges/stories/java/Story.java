// The short scenario, with the client that openapi-generator writes for Java's own HTTP client (`native`).
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.MemberApi;
import org.openapitools.client.api.UserApi;
import org.openapitools.client.model.InvitationStatus;
import org.openapitools.client.model.InviteMembersRequest;
import org.openapitools.client.model.InviteUsersRequest;
import org.openapitools.client.model.MemberList;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.UserStatus;

public class Story {
    static final String HOST = System.getenv("HOST");
    // Secrets and ids of the example seed, tests/fixtures/seed-example.json.
    static final String SESSION = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000";
    static final UUID PRICING = UUID.fromString("0190a000-0000-7000-a000-000000000001");
    static final UUID UNKNOWN_ID = UUID.fromString("0190a000-0000-7000-8000-00000000dead");

    interface Call {
        void run() throws ApiException;
    }

    /** The client of a caller. */
    static ApiClient calling(String authorization) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(HOST);
        if (authorization != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", authorization));
        }
        return client;
    }

    /** The problem of a call that has to be refused. */
    static Problem refused(int status, String kind, Call call) throws Exception {
        try {
            call.run();
        } catch (ApiException error) {
            Problem problem = new ObjectMapper().readValue(error.getResponseBody(), Problem.class);
            same(error.getCode(), status);
            same(problem.getStatus(), status);
            same(problem.getType(), "urn:brms:problem:" + kind);
            return problem;
        }
        throw new AssertionError("not refused, and should be for " + kind);
    }

    /** The code in the latest mail to an address. */
    static String mailedCode(String address) throws Exception {
        Process process = new ProcessBuilder(System.getenv("MAILED_CODE"), address).start();
        return new String(process.getInputStream().readAllBytes()).trim();
    }

    /** What Ann's browser would post; the page is no part of the description. The status of the answer. */
    static int accept(String code) throws Exception {
        String body = new ObjectMapper().writeValueAsString(Map.of("secret", code, "firstName", "Ann"));
        HttpRequest request = HttpRequest.newBuilder(URI.create(HOST + "/invitations/accept"))
            .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    static void same(Object found, Object wanted) {
        if (!Objects.equals(found, wanted)) {
            throw new AssertionError(found + " instead of " + wanted);
        }
    }

    public static void main(String[] arguments) throws Exception {
        UserApi users = new UserApi(calling(SESSION));
        MemberApi members = new MemberApi(calling(SESSION));
        Long before = users.listUsers(null, null, null, null).getPaginate().getTotal();
        var ann = users.inviteUsers(new InviteUsersRequest().emails(List.of("ann@acme.test")), null).get(0);
        same(ann.getStatus(), InvitationStatus.PENDING);
        String first = mailedCode("ann@acme.test");
        var again = users.sendUserInvitation(ann.getUserId(), null);
        same(again.getCreatedAt(), ann.getCreatedAt());
        same(accept(first), 410);
        same(accept(mailedCode("ann@acme.test")), 200);
        var found = users.listUsers(null, "ann@acme.test", null, null);
        same(found.getResults().get(0).getStatus(), UserStatus.ACTIVE);
        same(users.listUsers(null, null, null, null).getPaginate().getTotal(), before + 1);
        var wish = new InviteMembersRequest().userIds(List.of(ann.getUserId()));
        var member = members.inviteMembers(PRICING, wish, null).get(0);
        same(member.getUserId(), ann.getUserId());
        MemberList page = members.listMembers(PRICING, null, 1L, 1L);
        same(page.getResults().size(), 1);
        same(page.getPaginate().getTotal() > 1, true);
        var unknown = new InviteMembersRequest().userIds(List.of(UNKNOWN_ID));
        Problem missing = refused(404, "not-found", () -> members.inviteMembers(PRICING, unknown, null));
        same(missing.getErrors().get(0).getPointer(), "/userIds/0");
        UserApi stranger = new UserApi(calling(null));
        refused(401, "unauthenticated", () -> stranger.listUsers(null, null, null, null));
        System.out.println("the short scenario");
    }
}
