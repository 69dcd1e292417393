/** Who has sent a mail cannot be found out now: the DNS does not answer. A later try may. */
export class SenderUnsettled extends Error {
  override name = "SenderUnsettled";
  /** A mail costs its whole check each time, and some never come to an end. */
  readonly retryInMs = 300_000;
}
