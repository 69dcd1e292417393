/** The door takes nothing more for now; the message says why. Nothing was accepted. */
export class Overloaded extends Error {
  override name = "Overloaded";
}

/** What a door's health is judged by; `undefined`: it does not answer. */
export interface Vitals {
  /** Requests that wait in the queue. */
  queueDepth: number | undefined;
  /** Memory of Redis in use, as a part of what it may use; 0 where there is no limit. */
  redisMemory: number | undefined;
  storeAnswers: boolean;
  /** An operator has closed the doors. */
  isClosed: boolean;
}

export interface GateOptions {
  read(): Promise<Vitals>;
  maxQueueDepth: number;
  /** What comes in waits in the store until the queue is back, rather than be refused: for senders who may not send again. */
  isQueueOptional?: boolean;
  nowMs(): number;
}

/**
 * Refuses early what could not be kept or would wait for hours.
 *
 * A Redis that is full refuses the worker's own steps as well, so that a full queue cannot drain itself: the door stops at
 * a mark well below. The vitals are read at most twice a second, and by nobody while no request comes.
 */
const HIGHEST_MEMORY = 0.8;
/** Vitals younger than this are taken as they are; up to {@link TOO_OLD_MS} they are refreshed beside the request, ms. */
const FRESH_MS = 500;
const TOO_OLD_MS = 3000;

/** Ends when requests may come in; throws {@link Overloaded} when not. */
export function makeGate({ read, maxQueueDepth, isQueueOptional = false, nowMs }: GateOptions): () => Promise<void> {
  let known: { reason: string | undefined; atMs: number } | undefined;
  let reading: Promise<void> | undefined;

  function refresh(): Promise<void> {
    reading ??= read()
      .then((vitals) => {
        known = { reason: reasonIn(vitals, maxQueueDepth, isQueueOptional), atMs: nowMs() };
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  return async () => {
    const ageMs = known ? nowMs() - known.atMs : Number.POSITIVE_INFINITY;
    if (ageMs > TOO_OLD_MS) await refresh();
    else if (ageMs > FRESH_MS) void refresh();
    if (known?.reason) throw new Overloaded(known.reason);
  };
}

function reasonIn({ queueDepth, redisMemory, storeAnswers, isClosed }: Vitals, maxQueueDepth: number, isQueueOptional: boolean): string | undefined {
  if (!storeAnswers) return "the store does not answer";
  if (queueDepth === undefined || redisMemory === undefined) return isQueueOptional ? undefined : "the queue does not answer";
  if (isClosed) return "the doors are closed for maintenance";
  if (queueDepth >= maxQueueDepth) return `${queueDepth} requests are waiting already`;
  return redisMemory >= HIGHEST_MEMORY ? "the queue's memory is nearly full" : undefined;
}
