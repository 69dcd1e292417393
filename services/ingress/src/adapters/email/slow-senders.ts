import type { Readable } from "node:stream";

export interface PaceOptions {
  /** Longest time for one message, ms. */
  timeoutMs: number;
  /** Bytes a second that a message has to come with on average; 0: any. */
  minBytesPerSecond: number;
}

/** How often is looked, and the time that a message has before its pace counts, ms. */
const LOOK_MS = 5000;
const GRACE_MS = 30_000;

/** Watches a message come in; `onLate` is called once when it takes too long or comes too slowly. Ends by itself with the stream. */
export function watchPace(stream: Readable & { byteLength: number }, { timeoutMs, minBytesPerSecond }: PaceOptions, onLate: () => void): () => void {
  const startedAt = performance.now();
  const timer = setInterval(look, Math.min(LOOK_MS, timeoutMs));
  timer.unref();
  const stop = () => clearInterval(timer);
  stream.once("end", stop);
  stream.once("close", stop);

  function look(): void {
    const ageMs = performance.now() - startedAt;
    const isTooSlow = ageMs >= GRACE_MS && stream.byteLength < (ageMs / 1000) * minBytesPerSecond;
    if (ageMs < timeoutMs && !isTooSlow) return;
    stop();
    onLate();
  }
  return stop;
}
