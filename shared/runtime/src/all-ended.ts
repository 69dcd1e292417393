/** Waits until all of it has ended, well or not, as whoever closes must; then throws the first fault, if there was one. */
export async function allEnded(work: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(work)) if (one.status === "rejected") throw one.reason;
}
