// The scenario, with the client that openapi-generator writes for TypeScript and fetch.
import * as brms from "./client";
import { DORA, HOST, IAN, NINA, UNKNOWN_ID, PRICING, READER, SESSION, TOKEN, accept, mailedCode, same, tell } from "./support";

/** The client for a caller. */
function calling(authorization?: string): brms.Configuration {
  return new brms.Configuration({ basePath: HOST, headers: authorization ? { Authorization: authorization } : {} });
}

/** A call that has to be answered with a problem. */
async function refused(status: number, kind: string, call: Promise<unknown>): Promise<[brms.Problem, Headers]> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof brms.ResponseError)) throw error;
    const problem = brms.ProblemFromJSON(await error.response.json());
    same([error.response.status, problem.status, problem.type], [status, status, `urn:brms:problem:${kind}`]);
    return [problem, error.response.headers];
  }
  throw new Error(`not refused, and should be for ${kind}`);
}

async function projectAndGroup(token: brms.Configuration): Promise<[string, string]> {
  const createProjectRequest = { name: "Discounts", key: "discounts" };
  const { project } = await new brms.ProjectApi(token).createProject({ createProjectRequest });
  same([project.key, project.version], ["discounts", "v1"]);
  const groups = new brms.GroupApi(token);
  const saveGroupRequest: brms.SaveGroupRequest = { name: "Analysts", permissions: ["documents:full", "releases"] };
  const group = await groups.createGroup({ projectId: project.id, saveGroupRequest });
  same([group.name, group.permissions], ["Analysts", ["documents:full", "releases"]]);
  const listed = await groups.listGroups({ projectId: project.id });
  same(listed.results.map(({ id }) => id), [group.id]);
  return [project.id, group.id];
}

async function inviteAndAccept(session: brms.Configuration, token: brms.Configuration): Promise<[string, string]> {
  const users = new brms.UserApi(session);
  const inviteUsersRequest = { emails: ["ann@acme.test", "bob@acme.test"] };
  const [ann, bob] = await users.inviteUsers({ inviteUsersRequest });
  same([ann.email, ann.status, bob.email], ["ann@acme.test", "pending", "bob@acme.test"]);
  const first = mailedCode("ann@acme.test");
  const again = await users.sendUserInvitation({ userId: ann.userId });
  same([again.id, again.createdAt, again.status], [ann.id, ann.createdAt, "pending"]);
  const second = mailedCode("ann@acme.test");
  same([await accept(first), await accept(second), await accept(second)], [410, 200, 410]);
  const found = await new brms.UserApi(token).listUsers({ search: "ann@acme.test" });
  same(found.results.map(({ type, status, lastName }) => [type, status, lastName]), [["member", "active", "Archer"]]);
  const pending = await new brms.InvitationApi(token).listInvitations({ status: "pending", search: "bob" });
  same(pending.results.map(({ user }) => user?.id), [bob.userId]);
  return [ann.userId, bob.userId];
}

async function members(token: brms.Configuration, projectId: string, group: string, ann: string, bob: string) {
  const api = new brms.MemberApi(token);
  const wish = { projectId, inviteMembersRequest: { userIds: [ann, bob, NINA], groupIds: [group] } };
  const added = await api.inviteMembers(wish);
  same(added.map(({ userId }) => userId), [ann, bob, NINA]);
  same(added.map(({ user }) => user?.type), ["MEMBER", "INVITED", "MEMBER"]);
  same(added.map(({ groups }) => groups?.[0].name), ["Analysts", "Analysts", "Analysts"]);
  same(await api.inviteMembers(wish), []);
  const page = await api.listMembers({ projectId, page: 1, perPage: 2 });
  same([page.results.length, page.paginate.total, page.results[0].owner], [2, 4, true]);
  const updateMemberRequest = { groupIds: [], owner: true };
  const changed = await api.updateMember({ projectId, memberId: added[0].id, updateMemberRequest });
  same([changed.owner, changed.groups], [true, []]);
}

async function tokens(session: brms.Configuration) {
  const api = new brms.PersonalAccessTokenApi(session);
  const made = await api.createPersonalAccessToken({
    createTokenRequest: {
      note: "for a story", allProjects: false, projects: [PRICING], permissions: ["project:manage"], expiry: "month",
    },
  });
  const groups = (secret: string) => new brms.GroupApi(calling(`Bearer ${secret}`)).listGroups({ projectId: PRICING });
  same((await groups(made.token)).results.length, 2);
  const regenerateTokenRequest = { expiry: "week" as const };
  const renewed = await api.regeneratePersonalAccessToken({ patId: made.id, regenerateTokenRequest });
  await refused(401, "unauthenticated", groups(made.token));
  same((await groups(renewed.token)).results.length, 2);
  const own = await api.listPersonalAccessTokens();
  same(own.slice(1).map(({ id }) => id), [made.id]);
  await api.deletePersonalAccessToken({ patId: made.id });
  await refused(404, "not-found", api.getPersonalAccessToken({ patId: made.id }));
}

async function errors(session: brms.Configuration, token: brms.Configuration) {
  const users = new brms.UserApi(session);
  const invite = (user: string) =>
    new brms.MemberApi(token).inviteMembers({ projectId: PRICING, inviteMembersRequest: { userIds: [user] } });
  const [wrong] = await refused(400, "invalid-request", users.inviteUsers({ inviteUsersRequest: { emails: ["none"] } }));
  same(wrong.errors?.[0].pointer, "/emails/0");
  await refused(401, "unauthenticated", new brms.UserApi(calling()).listUsers());
  await refused(401, "unauthenticated", new brms.UserApi(token).sendUserInvitation({ userId: IAN }));
  await refused(403, "forbidden", new brms.UserApi(calling(READER)).listUsers());
  const [missing] = await refused(404, "not-found", invite(UNKNOWN_ID));
  same(missing.errors?.[0].pointer, "/userIds/0");
  await refused(409, "user-disabled", invite(DORA));
  for (let sends = 0; sends < 3; sends += 1) await users.sendUserInvitation({ userId: IAN });
  const [, headers] = await refused(429, "too-many-sends", users.sendUserInvitation({ userId: IAN }));
  same(Number(headers.get("retry-after")) > 0, true);
}

tell(async () => {
  const [session, token] = [calling(SESSION), calling(TOKEN)];
  same(await new brms.InfrastructureApi(calling()).healthCheck(), "healthy");
  const [project, group] = await projectAndGroup(token);
  const [ann, bob] = await inviteAndAccept(session, token);
  await members(token, project, group, ann, bob);
  await tokens(session);
  await errors(session, token);
});
