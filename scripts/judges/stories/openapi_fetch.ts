// The scenario, with openapi-fetch, whose calls are checked against the types of openapi-typescript.
import createClient from "openapi-fetch";
import type { components, paths } from "./client/schema";
import { DORA, HOST, IAN, NINA, UNKNOWN_ID, PRICING, READER, SESSION, TOKEN, accept, mailedCode, same, tell } from "./support";

type Client = ReturnType<typeof calling>;
type Problem = components["schemas"]["Problem"];
type Answer<Data> = { data?: Data; error?: Problem; response: Response };

/** The client for a caller. */
function calling(authorization?: string) {
  return createClient<paths>({ baseUrl: HOST, headers: authorization ? { Authorization: authorization } : {} });
}

/** What an operation answers when all goes well. */
async function good<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  same([response.status, error], [200, undefined]);
  return data!;
}

/** A call that has to be answered with a problem. */
async function refused(status: number, kind: string, call: Promise<Answer<unknown>>): Promise<[Problem, Headers]> {
  const { error, response } = await call;
  same([response.status, error?.status, error?.type], [status, status, `urn:brms:problem:${kind}`]);
  return [error!, response.headers];
}

async function projectAndGroup(token: Client): Promise<[string, string]> {
  const { project } = await good(token.POST("/api/projects", { body: { name: "Discounts", key: "discounts" } }));
  same([project.key, project.version], ["discounts", "v1"]);
  const params = { path: { projectId: project.id } };
  const body = { name: "Analysts", permissions: ["documents:full" as const, "releases" as const] };
  const group = await good(token.POST("/api/projects/{projectId}/groups", { params, body }));
  same([group.name, group.permissions], ["Analysts", ["documents:full", "releases"]]);
  const listed = await good(token.GET("/api/projects/{projectId}/groups", { params }));
  same(listed.results.map(({ id }) => id), [group.id]);
  return [project.id, group.id];
}

async function inviteAndAccept(session: Client, token: Client): Promise<[string, string]> {
  const [ann, bob] = await good(session.POST("/api/users", { body: { emails: ["ann@acme.test", "bob@acme.test"] } }));
  same([ann.email, ann.status, bob.email], ["ann@acme.test", "pending", "bob@acme.test"]);
  const first = mailedCode("ann@acme.test");
  const params = { path: { userId: ann.userId } };
  const again = await good(session.POST("/api/users/{userId}/invitation", { params }));
  same([again.id, again.createdAt, again.status], [ann.id, ann.createdAt, "pending"]);
  const second = mailedCode("ann@acme.test");
  same([await accept(first), await accept(second), await accept(second)], [410, 200, 410]);
  const found = await good(token.GET("/api/users", { params: { query: { search: "ann@acme.test" } } }));
  same(found.results.map(({ type, status, lastName }) => [type, status, lastName]), [["member", "active", "Archer"]]);
  const query = { status: "pending" as const, search: "bob" };
  const pending = await good(token.GET("/api/invitations", { params: { query } }));
  same(pending.results.map(({ user }) => user?.id), [bob.userId]);
  return [ann.userId, bob.userId];
}

async function members(token: Client, projectId: string, group: string, ann: string, bob: string) {
  const [path, params] = ["/api/projects/{projectId}/members" as const, { path: { projectId } }];
  const body = { userIds: [ann, bob, NINA], groupIds: [group], owner: false };
  const added = await good(token.POST(path, { params, body }));
  same(added.map(({ userId }) => userId), [ann, bob, NINA]);
  same(added.map(({ user }) => user?.type), ["MEMBER", "INVITED", "MEMBER"]);
  same(added.map(({ groups }) => groups?.[0].name), ["Analysts", "Analysts", "Analysts"]);
  same(await good(token.POST(path, { params, body })), []);
  const page = await good(token.GET(path, { params: { ...params, query: { page: 1, perPage: 2 } } }));
  same([page.results.length, page.paginate.total, page.results[0].owner], [2, 4, true]);
  const one = { path: { projectId, memberId: added[0].id } };
  const change = { params: one, body: { groupIds: [], owner: true } };
  const changed = await good(token.PUT("/api/projects/{projectId}/members/{memberId}", change));
  same([changed.owner, changed.groups], [true, []]);
}

async function tokens(session: Client) {
  const body = {
    note: "for a story", allProjects: false, projects: [PRICING], permissions: ["project:manage" as const],
    expiry: "month" as const,
  };
  const made = await good(session.POST("/api/personal-access-tokens", { body }));
  const params = { path: { patId: made.id } };
  const groups = (secret: string) =>
    calling(`Bearer ${secret}`).GET("/api/projects/{projectId}/groups", { params: { path: { projectId: PRICING } } });
  same((await good(groups(made.token))).results.length, 2);
  const renewing = { params, body: { expiry: "week" as const } };
  const renewed = await good(session.POST("/api/personal-access-tokens/{patId}/regenerate", renewing));
  await refused(401, "unauthenticated", groups(made.token));
  same((await good(groups(renewed.token))).results.length, 2);
  const own = await good(session.GET("/api/personal-access-tokens"));
  same(own.slice(1).map(({ id }) => id), [made.id]);
  await good(session.DELETE("/api/personal-access-tokens/{patId}", { params }));
  await refused(404, "not-found", session.GET("/api/personal-access-tokens/{patId}", { params }));
}

async function errors(session: Client, token: Client) {
  const invite = (user: string) => {
    const params = { path: { projectId: PRICING } };
    return token.POST("/api/projects/{projectId}/members", { params, body: { userIds: [user], owner: false } });
  };
  const send = (client: Client) => client.POST("/api/users/{userId}/invitation", { params: { path: { userId: IAN } } });
  const [wrong] = await refused(400, "invalid-request", session.POST("/api/users", { body: { emails: ["none"] } }));
  same(wrong.errors?.[0].pointer, "/emails/0");
  await refused(401, "unauthenticated", calling().GET("/api/users"));
  await refused(401, "unauthenticated", send(token));
  await refused(403, "forbidden", calling(READER).GET("/api/users"));
  const [missing] = await refused(404, "not-found", invite(UNKNOWN_ID));
  same(missing.errors?.[0].pointer, "/userIds/0");
  await refused(409, "user-disabled", invite(DORA));
  for (let sends = 0; sends < 3; sends += 1) await good(send(session));
  const [, headers] = await refused(429, "too-many-sends", send(session));
  same(Number(headers.get("retry-after")) > 0, true);
}

tell(async () => {
  const [session, token] = [calling(SESSION), calling(TOKEN)];
  same(await good(calling().GET("/api/health")), "healthy");
  const [project, group] = await projectAndGroup(token);
  const [ann, bob] = await inviteAndAccept(session, token);
  await members(token, project, group, ann, bob);
  await tokens(session);
  await errors(session, token);
});
