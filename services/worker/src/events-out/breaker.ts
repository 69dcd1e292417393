/**
 * Stops calls to an endpoint that does not answer, so that it costs one call now and then instead of a place for each.
 * What waits meanwhile is not tried, and so loses none of its tries.
 */
export interface Breaker {
  /** `one`: only when no other call is in flight, to see whether it answers again. */
  allows(): "all" | "one" | "none";
  answered(): void;
  failed(): void;
  /** The endpoint asks for a pause. */
  pause(ms: number): void;
}

/** Failures in a row that open it. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

/** See {@link Breaker}. */
export function makeBreaker({ nowMs }: { nowMs(): number }): Breaker {
  let failures = 0;
  let openings = 0;
  let openUntilMs = 0;
  let askedUntilMs = 0;
  return {
    allows() {
      if (nowMs() < Math.max(openUntilMs, askedUntilMs)) return "none";
      return openings > 0 ? "one" : "all";
    },
    answered() {
      failures = 0;
      openings = 0;
    },
    failed() {
      // Calls that were in flight when it opened tell of the same outage.
      if (nowMs() < openUntilMs || ++failures < FAILURES) return;
      openUntilMs = nowMs() + Math.min(FIRST_PAUSE_MS * 2 ** openings++, LONGEST_PAUSE_MS);
    },
    pause(ms) {
      askedUntilMs = Math.max(askedUntilMs, nowMs() + Math.min(ms, LONGEST_PAUSE_MS));
    },
  };
}
