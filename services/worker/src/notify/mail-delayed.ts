/**
 * This mail was not sent now; a later try may work.
 * - `busy`: our own limits, nothing was tried.
 * - `relay`: the relay was not reached, was silent, or said "later".
 * - `configuration`: the relay refuses us, not the mail (credentials, certificate, sender, relaying), or our own thread or
 *   folder fails. Needs an operator.
 * - `writing`: it could not be written: a template of one's own fails with this ticket. Needs an operator.
 */
export class MailDelayed extends Error {
  override name = "MailDelayed";
  readonly because: "busy" | "relay" | "configuration" | "writing";

  constructor(because: MailDelayed["because"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.because = because;
  }
}
