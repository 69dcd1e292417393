/** Memory for all calls together, each of which has a share that grows as its body comes. */
export interface MemoryBudget {
  open(): MemoryShare;
  /** Bytes that are taken. */
  taken(): number;
}

export interface MemoryShare {
  /**
   * Takes what so many bytes cost; false, and nothing is taken, when there is not enough left. A call that is the
   * only one has as much as it needs, so that none is too large for ever: the largest body of a kind is the limit then.
   */
  take(bytes: number): boolean;
  /** Gives all of it back. */
  close(): void;
}

/** See {@link MemoryBudget}. `costOfByte`: what a byte that is taken for counts. */
export function makeMemoryBudget(maxBytes: number, costOfByte = 1): MemoryBudget {
  let taken = 0;
  return {
    open() {
      let own = 0;
      return {
        take(bytes) {
          const cost = bytes * costOfByte;
          if (taken + cost > maxBytes && taken > own) return false;
          taken += cost;
          own += cost;
          return true;
        },
        close() {
          taken -= own;
          own = 0;
        },
      };
    },
    taken: () => taken,
  };
}
