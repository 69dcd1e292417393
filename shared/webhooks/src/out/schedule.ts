import type { IncomingHttpHeaders } from "node:http";

/** When a call that failed is tried again: ten tries in about three days, as Standard Webhooks suggests. */

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
/** Before the second try, the third, and so on, ms. */
const DELAYS_MS = [5 * S, 5 * MIN, 30 * MIN, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H] as const;
/** Tries of one call. */
export const MAX_TRIES = DELAYS_MS.length + 1;
/** A delay is longer by up to this part of itself, so that what failed together does not come back together. */
const JITTER = 0.2;
/** A call is given up after this long even when it had fewer tries, because its endpoint was not called, ms: the longest schedule. */
export const CALL_LIFETIME_MS = Math.ceil(DELAYS_MS.reduce<number>((sum, delayMs) => sum + delayMs, 0) * (1 + JITTER)) + H;
/** The longest wait that an endpoint may ask for, ms. */
const LONGEST_REQUESTED_MS = 24 * H;

/** RFC 9110's IMF-fixdate. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Wait before the next try, after `failures` of them, ms; undefined when there is none. `requestedMs`: at least this long. */
export function delayAfter(failures: number, { random, requestedMs = 0 }: { random(): number; requestedMs?: number | undefined }): number | undefined {
  const delayMs = DELAYS_MS[failures - 1];
  if (delayMs === undefined) return undefined;
  return Math.round(Math.max(delayMs, requestedMs) * (1 + JITTER * random()));
}

/** What an answer's `Retry-After` asks for, ms, bounded to a day: seconds, or an HTTP date. Undefined without a sound one. */
export function requestedDelay({ "retry-after": text }: IncomingHttpHeaders, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const delayMs = readDelay(text.trim(), now);
  return delayMs === undefined ? undefined : Math.min(Math.max(delayMs, 0), LONGEST_REQUESTED_MS);
}

function readDelay(text: string, now: Date): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * S;
  const atMs = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs - now.getTime();
}
