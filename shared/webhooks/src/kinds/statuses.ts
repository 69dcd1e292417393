import type { CallOutcome } from "../source-kind.ts";

/** What most providers understand: any 2xx is a yes, and `unavailable` is what every one of them repeats. */
export const USUAL_STATUSES: Record<CallOutcome, number> = {
  accepted: 200,
  ignored: 200,
  unauthenticated: 401,
  stale: 401,
  malformed: 400,
  "too-large": 413,
  "unknown-mailbox": 422,
  unavailable: 503,
};

const MIB = 1024 * 1024;
/** Largest body of an event, bytes: providers send kilobytes. */
export const MAX_EVENT_BYTES = 5 * MIB;
/** The same for forges, whose events list commits and files (GitHub sends up to 25 MB). */
export const MAX_FORGE_EVENT_BYTES = 25 * MIB;
