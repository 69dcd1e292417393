/** A lease on a folder, held as long as the store says so. */
export interface HeldLease {
  /** Aborted once another one may have it. */
  lost: AbortSignal;
  /** No longer renewed. */
  stop(): void;
}

/** The part of the lease after which it is renewed: two more tries fit in. */
const RENEW_AFTER = 1 / 3;

/**
 * Renews a lease until it is stopped or lost: when the store says that another one has it, and when the store has not
 * answered for the lease's time, for then another one may. `askedAtMs`: when it was asked for, by a clock that nobody sets.
 */
export function holdLease({ leaseMs, askedAtMs, renew, nowMs }: { leaseMs: number; askedAtMs: number; renew(): Promise<boolean>; nowMs(): number }): HeldLease {
  const lost = new AbortController();
  let validUntilMs = askedAtMs + leaseMs;
  let isAsking = false;

  async function tick(): Promise<void> {
    if (nowMs() >= validUntilMs) lost.abort();
    if (isAsking || lost.signal.aborted) return;
    isAsking = true;
    const askedMs = nowMs();
    // An outage of the store: the lease runs on, and out.
    const isOurs = await renew().catch(() => undefined);
    isAsking = false;
    if (isOurs === false) lost.abort();
    if (isOurs) validUntilMs = askedMs + leaseMs;
  }

  const timer = setInterval(() => void tick(), leaseMs * RENEW_AFTER);
  return { lost: lost.signal, stop: () => clearInterval(timer) };
}
