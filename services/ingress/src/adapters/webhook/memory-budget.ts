/** Bytes that may be held at once for all calls together. */
export interface MemoryBudget {
  /** Takes that many; false, and nothing is taken, when there are not enough left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  /** Bytes that are taken. */
  taken(): number;
}

/** See {@link MemoryBudget}. A signature is made over a whole body, which therefore has to be held until it is verified. */
export function makeMemoryBudget(maxBytes: number): MemoryBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > maxBytes) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
    taken: () => taken,
  };
}
