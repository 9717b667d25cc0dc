// Helpers of the scenarios in TypeScript.
import { deepStrictEqual } from "node:assert";
import { execFileSync } from "node:child_process";

export const HOST = process.env.HOST!;

// Secrets and ids of the example seed, tests/fixtures/seed-example.json.
export const SESSION = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000";
export const TOKEN = "Bearer brms_pat_seed_owner_00000000000000000000000000000000000000";
export const READER = "Internal brms_ses_seed_reader_0000000000000000000000000000000000000";
export const PRICING = "0190a000-0000-7000-a000-000000000001";
export const IAN = "0190a000-0000-7000-8000-000000000006";
export const DORA = "0190a000-0000-7000-8000-000000000007";
export const NINA = "0190a000-0000-7000-8000-000000000009";
export const UNKNOWN_ID = "0190a000-0000-7000-8000-00000000dead";

/** The code in the latest mail to an address. */
export function mailedCode(address: string): string {
  return execFileSync(process.env.MAILED_CODE!, [address]).toString().trim();
}

/** What Ann's browser would post; the page is no part of the description. The status of the answer. */
export async function accept(code: string): Promise<number> {
  const body = JSON.stringify({ secret: code, firstName: "Ann", lastName: "Archer" });
  const headers = { "Content-Type": "application/json" };
  return (await fetch(`${HOST}/invitations/accept`, { method: "POST", headers, body })).status;
}

/** Stops the story where an answer is not what it should be. */
export function same(found: unknown, wanted: unknown): void {
  deepStrictEqual(found, wanted);
}

/** Tells a story; the program ends as the story does. */
export function tell(story: () => Promise<void>): void {
  story().then(
    () => console.log("the whole scenario"),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
