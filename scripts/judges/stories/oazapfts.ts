// The short scenario, with the client that oazapfts writes.
import { HttpError, ok } from "@oazapfts/runtime";
import * as brms from "./client";
import { Calls, shortStory } from "./short_story";
import { HOST, SESSION } from "./support";

function calling(authorization?: string): Calls {
  const options = { baseUrl: HOST, headers: authorization ? { Authorization: authorization } : {} };
  return {
    users: (search) => ok(brms.listUsers({ search }, options)),
    invite: (emails) => ok(brms.inviteUsers({ emails }, {}, options)),
    send: (userId) => ok(brms.sendUserInvitation(userId, {}, options)),
    addMembers: (projectId, userIds) => ok(brms.inviteMembers(projectId, { userIds }, {}, options)),
    members: (projectId, perPage) => ok(brms.listMembers(projectId, { perPage }, options)),
    async refused(call) {
      try {
        await call();
      } catch (error) {
        if (error instanceof HttpError) return [error.status, error.data as brms.Problem];
        throw error;
      }
      throw new Error("not refused");
    },
  };
}

shortStory(calling(SESSION), calling());
