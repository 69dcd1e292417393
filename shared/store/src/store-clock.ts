import type { StoreConnection } from "./connect.ts";

/**
 * The store's time, for what several processes agree on: leases and due times.
 *
 * Problem: a worker whose clock is an hour ahead finds every delivery overdue and makes it beside the process that has
 * it in hand. Choice: each process learns how far its clock is from the primary's, and keeps to that.
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

/** Asks for the store's time, now and then each minute. Throws when the store does not answer at first. */
export async function makeStoreClock(store: StoreConnection): Promise<StoreClock> {
  let offset = await measure(store);
  const timer = setInterval(() => {
    // While the store is away the last answer holds.
    measure(store).then(
      (measured) => {
        offset = measured;
      },
      () => undefined,
    );
  }, REFRESH_MS);
  timer.unref();
  return { now: () => new Date(Date.now() + offset), offsetMs: () => offset, close: () => clearInterval(timer) };
}

async function measure(store: StoreConnection): Promise<number> {
  const before = Date.now();
  const { localTime } = await store.db.admin().command({ hello: 1 });
  const middle = (before + Date.now()) / 2;
  const offset = localTime instanceof Date ? localTime.getTime() - middle : 0;
  return Math.abs(offset) > TOLERANCE_MS ? Math.round(offset) : 0;
}
