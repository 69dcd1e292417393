/** Who has sent a mail cannot be found out now: the DNS does not answer. A later try may. */
export class SenderUnsettled extends Error {
  override name = "SenderUnsettled";
}
