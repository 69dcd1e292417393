export interface Insistence {
  tries: number;
  /** Faults that end by themselves: they do not count as tries. */
  isOutage?(error: unknown): boolean;
  /** Pause between two of them, ms. */
  delayMs: number;
  sleep(ms: number): Promise<unknown>;
  /** True when there is no time for another try. */
  isClosing(): boolean;
}

/** Work that is worth waiting for, such as the note of what was done: tried again while it fails. Throws the last fault. */
export async function insist<T>(work: () => Promise<T>, { tries, delayMs, isOutage = () => false, sleep, isClosing }: Insistence): Promise<T> {
  for (let faults = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error)) faults++;
      if (faults >= tries || isClosing()) throw error;
      await sleep(delayMs);
    }
  }
}
