// The short scenario, with the client that openapi-generator writes for TypeScript and axios.
import { isAxiosError } from "axios";
import * as brms from "./client";
import { Calls, shortStory } from "./short_story";
import { HOST, SESSION } from "./support";

function calling(authorization?: string): Calls {
  const headers = authorization ? { Authorization: authorization } : {};
  const configuration = new brms.Configuration({ basePath: HOST, baseOptions: { headers } });
  const [users, members] = [new brms.UserApi(configuration), new brms.MemberApi(configuration)];
  return {
    users: async (search) => (await users.listUsers(undefined, search)).data,
    invite: async (emails) => (await users.inviteUsers({ emails })).data,
    send: async (userId) => (await users.sendUserInvitation(userId)).data,
    addMembers: async (projectId, userIds) => (await members.inviteMembers(projectId, { userIds })).data,
    members: async (projectId, perPage) => (await members.listMembers(projectId, undefined, 1, perPage)).data,
    async refused(call) {
      try {
        await call();
      } catch (error) {
        if (isAxiosError<brms.Problem>(error) && error.response) return [error.response.status, error.response.data];
        throw error;
      }
      throw new Error("not refused");
    },
  };
}

shortStory(calling(SESSION), calling());
