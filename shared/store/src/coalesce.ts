import { inTime } from "./in-time.ts";

/**
 * Many single calls, few round trips.
 *
 * Problem: a worker has hundreds of tickets in hand, each a plain function that asks and writes one thing at a time.
 * Choice: whatever is waiting goes out together as soon as fewer than `maxInFlight` runs are under way. A lone call
 * therefore never waits for company, and under load the batches grow by themselves. Rejected: a timer (it makes the
 * lone call pay) and a fixed batch size (it makes the last ones wait).
 * Invariant: each call gets its own answer or its own error, and in bounded time; what waits is bounded by its callers'
 * concurrency. A run that does not end gives its place to the next.
 */
export interface CoalesceOptions<I, O> {
  /** Answers a batch, in its order; an Error in a place is that call's own. Throwing fails the whole batch. */
  run(batch: I[]): Promise<readonly (O | Error)[]>;
  maxInFlight: number;
  /** Most calls in one batch. */
  maxBatch: number;
  /** What a call adds to the weight of its batch, and the most that a batch of several may weigh. */
  weigh?: (item: I) => number;
  maxWeight?: number;
  /** A run that takes longer fails its calls, ms; unset: as long as one operation may take. */
  timeoutMs?: number;
}

interface Waiting<I, O> {
  item: I;
  resolve(answer: O): void;
  reject(error: unknown): void;
}

/** See the head of the file. */
export function coalesce<I, O>(options: CoalesceOptions<I, O>): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = [];
  let inFlight = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    // Calls of the same turn travel together.
    queueMicrotask(() => {
      isScheduled = false;
      while (waiting.length > 0 && inFlight < options.maxInFlight) void send(takeBatch(waiting, options));
    });
  }

  async function send(batch: Waiting<I, O>[]): Promise<void> {
    inFlight++;
    try {
      const answers = await inTime(options.run(batch.map(({ item }) => item)), options.timeoutMs);
      for (const [index, call] of batch.entries()) settle(call, answers[index]);
    } catch (error) {
      for (const call of batch) call.reject(error);
    } finally {
      inFlight--;
      if (waiting.length > 0) schedule();
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      schedule();
    });
}

function takeBatch<I, O>(waiting: Waiting<I, O>[], { maxBatch, weigh, maxWeight = Number.POSITIVE_INFINITY }: CoalesceOptions<I, O>): Waiting<I, O>[] {
  if (!weigh) return waiting.splice(0, maxBatch);
  let [count, weight] = [0, 0];
  for (const { item } of waiting) {
    weight += weigh(item);
    if (count === maxBatch || (count > 0 && weight > maxWeight)) break;
    count++;
  }
  return waiting.splice(0, count);
}

function settle<I, O>(call: Waiting<I, O>, answer: O | Error | undefined): void {
  if (answer instanceof Error) return call.reject(answer);
  call.resolve(answer as O);
}
