/** Every enhanced status code of an answer other than yes. */
export const REFUSALS = ["4.3.0", "4.3.2", "4.4.2", "4.7.0", "4.7.1", "5.1.1", "5.3.4", "5.4.6", "5.5.4", "5.7.8"] as const;
type Refusal = (typeof REFUSALS)[number];

/** A reply code with its enhanced status code (RFC 3463) and words; thrown by what the door asks, and sent as it is. */
export class SmtpAnswer extends Error {
  override name = "SmtpAnswer";
  readonly responseCode: number;
  /** Such as `5.1.1`. */
  readonly status: Refusal;

  constructor(responseCode: number, status: Refusal, words: string) {
    super(`${status} ${words}`);
    this.responseCode = responseCode;
    this.status = status;
  }
}

const LATER = "try again later";

/** Everything that this door says by itself but yes; mail-door.ts lists when. */
export const ANSWERS = {
  closed: (why: string) => new SmtpAnswer(421, "4.3.2", `Not taking mail now: ${why}; ${LATER}`),
  overloaded: (why: string) => new SmtpAnswer(451, "4.3.2", `Not taking mail now: ${why}; ${LATER}`),
  unavailable: () => new SmtpAnswer(451, "4.3.2", `The message could not be stored; ${LATER}`),
  fault: () => new SmtpAnswer(451, "4.3.0", `An error on our side; ${LATER}`),
  tooManyConnections: () => new SmtpAnswer(421, "4.7.0", `Too many connections from your address; ${LATER}`),
  tooManyMessages: () => new SmtpAnswer(451, "4.7.1", `Too many messages from your address in a minute; ${LATER}`),
  noSuchMailbox: (address: string) => new SmtpAnswer(550, "5.1.1", `<${address}> is no mailbox here`),
  unknownParameter: () => new SmtpAnswer(555, "5.5.4", "A parameter of this command is none that the door knows"),
  tooManyUnknown: () => new SmtpAnswer(421, "4.7.0", "Too many recipients that are no mailboxes here"),
  tooLarge: (maxBytes: number) => new SmtpAnswer(552, "5.3.4", `The message is larger than ${maxBytes} bytes`),
  tooManyHops: (maxHops: number) => new SmtpAnswer(554, "5.4.6", `The message has gone through more than ${maxHops} hosts: a loop`),
  tooSlow: () => new SmtpAnswer(421, "4.4.2", "The message comes too slowly"),
  tooLong: () => new SmtpAnswer(421, "4.4.2", "The connection has been open for too long"),
  wrongLogin: () => new SmtpAnswer(535, "5.7.8", "Authentication failed"),
  tooManyLogins: () => new SmtpAnswer(421, "4.7.0", `Too many failed logins; ${LATER}`),
  loginUnavailable: () => new SmtpAnswer(454, "4.7.0", `Logins cannot be checked now; ${LATER}`),
  stopping: () => new SmtpAnswer(421, "4.3.2", `The service is stopping; ${LATER}`),
} as const;
