import type { StoreConnection } from "./connect.ts";
import { inTime } from "./in-time.ts";

/**
 * The store's time, for what several processes agree on: leases and due times.
 *
 * Problem: a worker whose clock is an hour ahead finds every delivery overdue and makes it beside the process that has
 * it in hand; and a clock may be set while the process runs. Choice: each process learns the primary's time each minute,
 * and counts on from there with a clock that nobody sets.
 */
export interface StoreClock {
  now(): Date;
  /** This process's clock is behind the store's by that much, ms. */
  offsetMs(): number;
  close(): void;
}

const REFRESH_MS = 60_000;
/** Below this the difference may be the network's, and nobody is harmed by it, ms. */
const TOLERANCE_MS = 2000;

/** An answer that took longer says too little about the time, ms: the server may have slept in between. */
const SLOWEST_ANSWER_MS = 2 * TOLERANCE_MS;

/** Asks for the store's time, now and then each minute. Throws when the store does not answer at first. */
export async function makeStoreClock(store: StoreConnection): Promise<StoreClock> {
  let known = await measure(store);
  const timer = setInterval(() => {
    // While the store is away the last answer holds.
    measure(store).then(
      (measured) => {
        if (measured.tookMs <= SLOWEST_ANSWER_MS) known = measured;
      },
      () => undefined,
    );
  }, REFRESH_MS);
  timer.unref();
  return {
    now: () => new Date(known.startMs + known.offsetMs + performance.now() - known.elapsedMs),
    offsetMs: () => known.offsetMs,
    close: () => clearInterval(timer),
  };
}

interface Measured {
  tookMs: number;
  /** The store's time less this process's. */
  offsetMs: number;
  /** This process's time at that moment, and the clock's that nobody sets. */
  startMs: number;
  elapsedMs: number;
}

async function measure(store: StoreConnection): Promise<Measured> {
  const askedAtMs = performance.now();
  const { localTime } = await inTime(store.db.admin().command({ hello: 1 }));
  const [startMs, elapsedMs] = [Date.now(), performance.now()];
  const tookMs = elapsedMs - askedAtMs;
  const offsetMs = localTime instanceof Date ? localTime.getTime() + tookMs / 2 - startMs : 0;
  return { tookMs, offsetMs: Math.abs(offsetMs) > TOLERANCE_MS ? Math.round(offsetMs) : 0, startMs, elapsedMs };
}
