import { Overloaded } from "../../../intake/gate.ts";
import type { MemoryBudget } from "../../../intake/memory-budget.ts";

/** What a call takes until it is known who calls. */
export interface Unadmitted {
  /** It takes so much by now, bytes. Undefined when it may; else a promise that ends when it may, or throws {@link Overloaded}. */
  holds(heldBytes: number, askIsKnown: () => Promise<boolean>): Promise<void> | undefined;
  /** It is known who calls: what it has is given back, and it is not counted any more. */
  becomeKnown(): void;
  /** Gives back what it has. */
  close(): void;
}

/**
 * What every call may take, bytes: 64 KiB of text, about what its connection takes anyway. Ordinary calls never touch the
 * memory that is shared, and pass also while others have used it up.
 */
const FREE_BYTES = 192 * 1024;

/**
 * The memory of calls of which it is not known who calls, as credentials may come behind everything else. Whoever has shown
 * credentials by the end of what is free is judged there, and keeps nothing of what is shared; so is, where none of it is left,
 * whoever has by then. Only who has not is told to come again.
 */
export function makeUnadmitted(budget: MemoryBudget): Unadmitted {
  const share = budget.open();
  let [takenBytes, wasAsked, isKnown] = [FREE_BYTES, false, false];
  const becomeKnown = () => {
    isKnown = true;
    share.close();
  };
  return {
    holds(heldBytes, askIsKnown) {
      if (isKnown || heldBytes <= takenBytes) return undefined;
      const isTaken = share.take(heldBytes - takenBytes);
      if (isTaken) takenBytes = heldBytes;
      if (isTaken && wasAsked) return undefined;
      wasAsked = true;
      return askIsKnown().then((isNowKnown) => {
        if (isNowKnown) becomeKnown();
        else if (!isTaken) refuse();
      });
    },
    becomeKnown,
    close: share.close,
  };
}

function refuse(): never {
  throw new Overloaded("too much is in hand of callers whose credentials have not come yet; send identifier, secret and any access key first");
}
