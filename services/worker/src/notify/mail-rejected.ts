/** This mail will never be taken: the address is unusable, or the relay refused this recipient or this message for good. */
export class MailRejected extends Error {
  override name = "MailRejected";
}
