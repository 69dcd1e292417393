/**
 * This mail was not sent now; a later try may work.
 * - `busy`: our own limits, nothing was tried.
 * - `relay`: the relay was not reached, was silent, or said "later".
 * - `configuration`: the relay refuses us, not the mail (credentials, certificate, sender, relaying). Needs an operator.
 */
export class MailDelayed extends Error {
  override name = "MailDelayed";
  readonly because: "busy" | "relay" | "configuration";

  constructor(because: MailDelayed["because"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.because = because;
  }
}
