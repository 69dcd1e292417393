/** Memory for all calls together, each of which has a share that grows as its body comes. */
export interface MemoryBudget {
  open(): MemoryShare;
  /** Bytes that are taken. */
  taken(): number;
}

export interface MemoryShare {
  /**
   * Takes what so many bytes of a body cost; false, and nothing is taken, when there is not enough left. A call that is the
   * only one has as much as it needs, so that none is too large for ever: the largest body of a kind is the limit then.
   */
  take(bodyBytes: number): boolean;
  /** Gives all of it back. */
  close(): void;
}

/**
 * What a byte of a body costs until its call is answered: itself, its letter in the text of the JSON, the same in a field of
 * that, and half a byte of the mail that the field holds. A letter takes two bytes where a single one of its text is beyond
 * Latin, such as "€". Measured with calls of 72 MiB by Postmark: 3.5, and 5 with such a letter.
 */
const COST_OF_BYTE = 5;

/** See {@link MemoryBudget}. A signature is made over a whole body, which therefore has to be held until it is verified. */
export function makeMemoryBudget(maxBytes: number): MemoryBudget {
  let taken = 0;
  return {
    open() {
      let own = 0;
      return {
        take(bodyBytes) {
          const cost = bodyBytes * COST_OF_BYTE;
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
