/**
 * Shared memory for raw messages that is used again.
 *
 * Problem: a thread reads shared memory without a copy, but the runtime does not feel its weight: neither side collects
 * garbage because of it, and each large mail left its bytes behind for as long as nothing else made a heap grow.
 * Choice: what one message gives back is taken by the next. Sizes are powers of two, so that it fits; pages that no
 * message has touched cost nothing.
 * Invariant: what waits to be used again is bounded; a view has the size that was asked for.
 */
export interface RawMemory {
  /** So many bytes, with whatever stood there before. */
  take(bytes: number): Uint8Array;
  /** Nobody, and no thread, looks at it any more. */
  giveBack(memory: Uint8Array): void;
}

/** Smallest piece, and what may wait at most, bytes. */
const SMALLEST = 1024 * 1024;
const MAX_WAITING = 64 * 1024 * 1024;

/** See {@link RawMemory}. */
export function makeRawMemory(maxWaiting = MAX_WAITING): RawMemory {
  let waiting: SharedArrayBuffer[] = [];

  return {
    take(bytes) {
      const fitting = waiting.filter(({ byteLength }) => byteLength >= bytes).sort((a, b) => a.byteLength - b.byteLength)[0];
      waiting = waiting.filter((buffer) => buffer !== fitting);
      return new Uint8Array(fitting ?? new SharedArrayBuffer(sizeFor(bytes)), 0, bytes);
    },
    giveBack({ buffer }) {
      if (!(buffer instanceof SharedArrayBuffer)) return;
      waiting.push(buffer);
      // The largest go first: they wait for what comes seldom.
      waiting.sort((a, b) => a.byteLength - b.byteLength);
      while (waiting.reduce((sum, { byteLength }) => sum + byteLength, 0) > maxWaiting) waiting.pop();
    },
  };
}

function sizeFor(bytes: number): number {
  let size = SMALLEST;
  while (size < bytes) size *= 2;
  return size;
}
