/**
 * The first thing that went wrong while a body is read, whoever noticed it: the connection, or a blob that is stored
 * in the background. Reading waits for one thing at a time, and each wait ends when this is raised.
 */
export class Interrupt {
  #raised: { error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Ends the current wait, and every later one, with this error. The first one counts. */
  raise(error: unknown): void {
    if (this.#raised !== undefined) return;
    this.#raised = { error };
    this.#reject?.(error);
  }

  /** Throws what was raised. */
  check(): void {
    if (this.#raised !== undefined) throw this.#raised.error;
  }

  /** Waits for `work`, or for something to be raised. Not for two things at once. */
  until<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#raised !== undefined) reject(this.#raised.error);
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }
}
