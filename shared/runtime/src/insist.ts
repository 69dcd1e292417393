export interface Insistence {
  tries: number;
  /** Pause between two of them, ms. */
  delayMs: number;
  sleep(ms: number): Promise<unknown>;
  /** True when there is no time for another try. */
  isClosing(): boolean;
}

/** Work that is worth waiting for, such as the note of what was done: tried again while it fails. Throws the last fault. */
export async function insist<T>(work: () => Promise<T>, { tries, delayMs, sleep, isClosing }: Insistence): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || isClosing()) throw error;
      await sleep(delayMs);
    }
  }
}
