// The short scenario, with the client that orval writes for axios.
import { AxiosRequestConfig, isAxiosError } from "axios";
import * as brms from "./client";
import { Calls, shortStory } from "./short_story";
import { HOST, SESSION } from "./support";

function calling(authorization?: string): Calls {
  const options: AxiosRequestConfig = { baseURL: HOST, headers: authorization ? { Authorization: authorization } : {} };
  const api = brms.getBrms();
  return {
    users: async (search) => (await api.listUsers({ search }, options)).data,
    invite: async (emails) => (await api.inviteUsers({ emails }, options)).data,
    send: async (userId) => (await api.sendUserInvitation(userId, options)).data,
    addMembers: async (projectId, userIds) => (await api.inviteMembers(projectId, { userIds }, options)).data,
    members: async (projectId, perPage) => (await api.listMembers(projectId, { perPage }, options)).data,
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
