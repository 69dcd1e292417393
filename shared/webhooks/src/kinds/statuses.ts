import type { CallOutcome } from "../source-kind.ts";

/** Statuses of a provider of events that takes any 2xx for a yes. `unavailable` is what every provider repeats. */
export const EVENT_STATUSES: Record<CallOutcome, number> = {
  accepted: 200,
  ignored: 200,
  unauthenticated: 401,
  stale: 401,
  malformed: 400,
  "too-large": 413,
  "unknown-mailbox": 404,
  unavailable: 503,
};

const MIB = 1024 * 1024;
/** Largest body of an event, bytes: providers send kilobytes. */
export const MAX_EVENT_BYTES = 5 * MIB;
/** The same for forges, whose events list commits and files (GitHub sends up to 25 MB). */
export const MAX_FORGE_EVENT_BYTES = 25 * MIB;
