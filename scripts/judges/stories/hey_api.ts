// The short scenario, with the client that @hey-api/openapi-ts writes for fetch.
import * as brms from "./client";
import { createClient } from "./client/client";
import { Calls, shortStory } from "./short_story";
import { HOST, SESSION } from "./support";

/** What a call is refused with, if it throws. */
type Refused = { error: brms.Problem; status: number };

function calling(authorization?: string): Calls {
  const client = createClient({ baseUrl: HOST, headers: authorization ? { Authorization: authorization } : {} });
  async function good<Data>(
    call: Promise<{ data?: Data; error?: brms.Problem; response: Response }>,
  ): Promise<NonNullable<Data>> {
    const { data, error, response } = await call;
    if (error || !data) throw { error, status: response.status };
    return data;
  }
  return {
    users: (search) => good(brms.listUsers({ client, query: { search } })),
    invite: (emails) => good(brms.inviteUsers({ client, body: { emails } })),
    send: (userId) => good(brms.sendUserInvitation({ client, path: { userId } })),
    addMembers: (projectId, userIds) => good(brms.inviteMembers({ client, path: { projectId }, body: { userIds } })),
    members: (projectId, perPage) => good(brms.listMembers({ client, path: { projectId }, query: { perPage } })),
    async refused(call) {
      try {
        await call();
      } catch (thrown) {
        const { error, status } = thrown as Refused;
        return [status, error];
      }
      throw new Error("not refused");
    },
  };
}

shortStory(calling(SESSION), calling());
