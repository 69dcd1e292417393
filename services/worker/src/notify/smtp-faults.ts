import { z } from "zod";
import { withoutAddresses } from "./clean-text.ts";
import { MailDelayed } from "./mail-delayed.ts";
import { MailRejected } from "./mail-rejected.ts";
import { isAboutUs } from "./refused-for.ts";

/**
 * What a failed try means.
 *
 * A mail is given up only when the relay has refused this recipient or this message for good. A refusal that is about us
 * (credentials, certificate, our sender, our right to relay, our host on a block list) would hit every mail alike: giving up
 * would lose them all because of one wrong setting or one list, so they wait and somebody is told. refused-for.ts tells them apart.
 */

/** What is read of a relay's words, characters: it may say a million in one reply. */
const MOST_WORDS = 1000;
const words = z.string().transform((text) => text.slice(0, MOST_WORDS));

/** What nodemailer puts on its errors. */
const smtpFault = z.object({
  message: words.catch(""),
  code: z.string().optional().catch(undefined),
  originalCode: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
  responseCode: z.int().optional().catch(undefined),
  response: words.optional().catch(undefined),
});
/** What can be told of a failed try, without the error that it came as. */
export type SmtpFault = z.infer<typeof smtpFault>;

/** Code of a thread that could not start, or came to its end by itself: the same for every mail. */
export const THREAD_FAULT = "ETHREAD";
/** Code of a mail that could not be written, and of one whose time was over before it was. */
export const WRITING_FAULT = "EWRITING";
export const LATE_FAULT = "ELATE";
/** Authentication or encryption is wanted (RFC 4954, RFC 3207). */
const ACCESS_CODES = [530, 534, 535, 538, 454];
const CERTIFICATE_FAULT = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_TLS|ERR_SSL/;
/** The message is too large, or the mailbox full: 552. The limit that nodemailer finds out itself is told in words. */
const TOO_LARGE_CODE = 552;
const TOO_LARGE = /larger than allowed/;

/** See {@link SmtpFault}. */
export function readSmtpFault(error: unknown): SmtpFault {
  return smtpFault.catch({ message: String(error).slice(0, MOST_WORDS) }).parse(error);
}

/** The error of a failed try, by meaning. Its texts hold no address. */
export function sortSmtpFault(error: unknown): MailRejected | MailDelayed {
  const fault = readSmtpFault(error);
  const cause = causeOf(fault);
  if (fault.code === "EABORT") return new MailDelayed("relay", "The relay took too long", { cause });
  if (fault.code === WRITING_FAULT) return new MailDelayed("writing", cause.message, { cause });
  if (fault.code === LATE_FAULT) return new MailDelayed("busy", cause.message, { cause });
  if (fault.code === THREAD_FAULT) return new MailDelayed("configuration", cause.message, { cause });
  if (isOurOwn(fault)) return new MailDelayed("configuration", `The relay refuses us: ${cause.message}`, { cause });
  if (isFinal(fault)) return new MailRejected(`The relay refused the mail: ${cause.message}`, { cause });
  return new MailDelayed("relay", `The relay did not take the mail: ${cause.message}`, { cause });
}

function isOurOwn({ code = "", originalCode = "", command, responseCode = 0, response = "" }: SmtpFault): boolean {
  if (["EAUTH", "ENOAUTH", "EOAUTH2", "ETLS", "EREQUIRETLS", "ECONFIG"].includes(code) || CERTIFICATE_FAULT.test(originalCode)) return true;
  if (ACCESS_CODES.includes(responseCode)) return true;
  if (responseCode < 500 || responseCode === TOO_LARGE_CODE) return false;
  return command === "MAIL FROM" || isAboutUs(response);
}

function isFinal({ code, command, message, responseCode }: SmtpFault): boolean {
  const isUnsendable = code === "EENVELOPE" && command === "API";
  if (isUnsendable || TOO_LARGE.test(message)) return true;
  /** 503 is about the order of commands, and a refusal before the envelope is about the connection. */
  const isAboutMail = code === "EENVELOPE" || code === "EMESSAGE";
  return isAboutMail && responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
}

function causeOf({ message, code, command, responseCode }: SmtpFault): Error {
  return Object.assign(new Error(withoutAddresses(message).slice(0, 500)), { code, command, responseCode });
}
