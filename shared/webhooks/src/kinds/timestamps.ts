import type { Verdict } from "../source-kind.ts";

/** A Unix time in whole seconds, as providers write it beside a signature; at most this many digits. */
const UNIX_SECONDS = /^[0-9]{1,11}$/;
const MS_PER_S = 1000;

/** The instant that such a text means; undefined for any other text, such as `123abc`, `1e9` or ` 5`. */
export function instantOf(unixSeconds: string): Date | undefined {
  return UNIX_SECONDS.test(unixSeconds) ? new Date(Number(unixSeconds) * MS_PER_S) : undefined;
}

/** Refuses a signature that was made longer before or after the call than is tolerated, s; undefined: it is fresh. */
export function staleness(signedAt: Date, receivedAt: Date, toleranceSeconds: number): Extract<Verdict, { kind: "refused" }> | undefined {
  const ageS = (receivedAt.getTime() - signedAt.getTime()) / MS_PER_S;
  if (Math.abs(ageS) <= toleranceSeconds) return undefined;
  const distance = `${Math.round(Math.abs(ageS))} s ${ageS > 0 ? "old" : "in the future"}`;
  return { kind: "refused", outcome: "stale", because: `the signature is ${distance}, at most ${toleranceSeconds} s are tolerated` };
}
