import type { Verdict } from "../source-kind.ts";

export const VERIFIED: Verdict = { kind: "verified" };

/** The refusal of a call that proves nothing. */
export function unauthenticated(because: string): Extract<Verdict, { kind: "refused" }> {
  return { kind: "refused", outcome: "unauthenticated", because };
}
