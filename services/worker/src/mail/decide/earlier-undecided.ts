/** A mail refers to another one that came in before it and is not decided yet: it is its turn after that. */
export class EarlierUndecided extends Error {
  override name = "EarlierUndecided";

  constructor(
    messageId: string,
    /** Longer with each try, as each reads the whole mail again. */
    readonly retryInMs: number,
  ) {
    super(`${messageId} is not decided yet`);
  }
}
