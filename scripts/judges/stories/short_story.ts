// The short scenario: list, invite, send, accept, members, and one error with its problem. A client tells it by the
// calls below; the compiler compares their types with those that it was generated with.
import { PRICING, UNKNOWN_ID, accept, mailedCode, same, tell } from "./support";

type Problem = { type: string; status: number; errors?: { pointer?: string }[] };

export interface Calls {
  users(search: string): Promise<{ results: { email: string; status: string }[]; paginate: { total: number } }>;
  invite(emails: string[]): Promise<{ userId: string; email: string; status: string }[]>;
  send(userId: string): Promise<{ createdAt: string; status: string }>;
  addMembers(projectId: string, userIds: string[]): Promise<{ userId?: string; user?: { type: string } }[]>;
  members(projectId: string, perPage: number): Promise<{ results: { owner?: boolean }[]; paginate: { total: number } }>;
  /** The status and the problem of a call that is refused. */
  refused(call: () => Promise<unknown>): Promise<[number, Problem]>;
}

/** `session` calls as the owner; `stranger` without credentials. */
export function shortStory(session: Calls, stranger: Calls): void {
  tell(async () => {
    const before = await session.users("");
    const [ann] = await session.invite(["ann@acme.test"]);
    same([ann.email, ann.status], ["ann@acme.test", "pending"]);
    const first = mailedCode("ann@acme.test");
    same((await session.send(ann.userId)).status, "pending");
    same([await accept(first), await accept(mailedCode("ann@acme.test"))], [410, 200]);
    const found = await session.users("ann@acme.test");
    same([found.results[0].status, found.paginate.total], ["active", 1]);
    same((await session.users("")).paginate.total, before.paginate.total + 1);
    const [member] = await session.addMembers(PRICING, [ann.userId]);
    same([member.userId, member.user?.type], [ann.userId, "MEMBER"]);
    const page = await session.members(PRICING, 1);
    same([page.results.length, page.paginate.total > 1], [1, true]);
    const [status, missing] = await session.refused(() => session.addMembers(PRICING, [UNKNOWN_ID]));
    same([status, missing.status, missing.type], [404, 404, "urn:brms:problem:not-found"]);
    same(missing.errors?.[0].pointer, "/userIds/0");
    const [, unknown] = await stranger.refused(() => stranger.users(""));
    same(unknown.type, "urn:brms:problem:unauthenticated");
  });
}
