import { Overloaded } from "../../../intake/gate.ts";
import type { MemoryBudget } from "../../../intake/memory-budget.ts";

/** What a call takes until it is let in. */
export interface Unadmitted {
  /** It takes so much by now, bytes. Undefined when it may; else a promise that ends when it may, or throws {@link Overloaded}. */
  holds(heldBytes: number, letIn: () => Promise<boolean>): Promise<void> | undefined;
  /** It was let in: from here on it is one of those that are known. */
  isLetIn(): void;
  /** Gives back what it has. */
  close(): void;
}

/**
 * What every call may take, bytes: 64 KiB of text, about what its connection takes anyway. Ordinary calls never touch the
 * memory that is shared, and pass also while others have used it up.
 */
const FREE_BYTES = 192 * 1024;

/**
 * The memory of calls of which it is not known who calls, as credentials may come behind everything else. Where none is left,
 * whoever has shown credentials by then is judged at once; only who has not is told to come again.
 */
export function makeUnadmitted(budget: MemoryBudget): Unadmitted {
  const share = budget.open();
  let [takenBytes, isKnown] = [FREE_BYTES, false];
  const known = () => {
    isKnown = true;
    share.close();
  };
  return {
    holds(heldBytes, letIn) {
      if (isKnown || heldBytes <= takenBytes) return undefined;
      if (!share.take(heldBytes - takenBytes)) return letIn().then((mayEnter) => (mayEnter ? known() : refuse()));
      takenBytes = heldBytes;
      return undefined;
    },
    isLetIn: known,
    close: share.close,
  };
}

function refuse(): never {
  throw new Overloaded("too much is in hand of callers whose credentials have not come yet; send identifier and secret first");
}
