import type { MailReport } from "../understood-mail.ts";
import { bounceSign } from "./bounce-signs.ts";
import { MAX_RECIPIENTS, outcome, type ReportedRecipient, statusIn } from "./delivery-status.ts";
import { messageIdIn } from "./fields.ts";

/**
 * Reports in words, from before RFC 3464 and from programs that do not follow it: qmail (QSBMF), Exim, Sendmail,
 * Postfix and Exchange without their parts. What they have in common is enough: an address at the head of a line, with
 * the reason beside or below it, before a copy of the mail. Only for mails whose sender, subject or headers say that
 * they are reports: people quote such texts to us.
 */

/** Where the copy of the mail, or the log of the session, begins. */
const COPY =
  /^[\s>*#]{0,4}-{2,}\s?(?:below this line is a copy|this is a copy of|original message|message headers?|the header of the original|returned message|unsent message|included is a copy|transcript of session)|^(?:original message headers|here is (?:your|a copy of your) (?:original )?message|the body of your message|return-path: <)/im;
/** An address that stands first in its line, bare or in brackets or quotes, alone or with its reason; or last, behind a name. */
const FIRST =
  /^[\s>*]{0,12}(?:recipient address: |recipient: |to: |addressed to: )?[<'"([]{0,2}(?:mailto:)?([^\s<>'"()[\],:;@]{1,100}@[\w.-]{1,200}\w)[>'")\]]{0,2}(?:[\s.]{0,4}$|:|\s+on\b|\s*\(|\s*<)/i;
const BEHIND_NAME = /^\s{0,12}[^\n<>@:]{1,80}[<(]([^\s<>()@]{1,100}@[\w.-]{1,200}\w)[>)](?:<mailto:[^<>]{1,300}>)?\s*$/;
const NOT_YET =
  /delayed|not yet been delivered|will (?:be retried|keep trying|continue to try)|still (?:being )?retr|temporar|do not need to resend|warning message only|noch nicht zugestellt/i;
const MAX_LINES = 2_000;
/** Lines below an address in which its reason may stand. */
const MAX_REASON_LINES = 8;

/** The report that a mail without parts for it is; undefined when nothing shows that it is one. */
export function readOldBounce(mail: {
  headers: ReadonlyMap<string, string>;
  text: string;
  originalMessageId: string | undefined;
}): Extract<MailReport, { kind: "delivery" }> | undefined {
  const failed = addressesIn(mail.headers.get("x-failed-recipients") ?? "");
  if (failed.length === 0 && bounceSign(signsIn(mail.headers)) === undefined) return undefined;
  const copyAt = COPY.exec(mail.text)?.index ?? mail.text.length;
  const said = mail.text.slice(0, copyAt);
  const found = recipientsIn(said);
  const missing = failed.filter((address) => !found.some((recipient) => recipient.address.toLowerCase() === address.toLowerCase()));
  const recipients = [...found, ...missing.map((address) => outcome({ address, action: "failed", status: "", diagnostic: "" }))];
  const originalMessageId = mail.originalMessageId ?? idInCopy(mail.text.slice(copyAt)) ?? messageIdIn(mail.headers.get("in-reply-to"));
  if (recipients.length === 0 && originalMessageId === undefined) return undefined;
  return { kind: "delivery", originalMessageId, recipients: recipients.slice(0, MAX_RECIPIENTS) };
}

function signsIn(headers: ReadonlyMap<string, string>) {
  const returnPath = headers.get("return-path")?.trim();
  return {
    fromAddress: addressesIn(headers.get("from") ?? "")[0] ?? headers.get("from")?.trim() ?? "",
    subject: headers.get("subject") ?? "",
    returnPath: returnPath === undefined ? undefined : returnPath.replace(/[<>\s]/g, ""),
  };
}

function addressesIn(value: string): string[] {
  return value.slice(0, 10_000).match(/[^\s<>"',;:()]{1,100}@[\w.-]{1,200}\w/g) ?? [];
}

function recipientsIn(text: string): ReportedRecipient[] {
  const lines = text.split("\n", MAX_LINES);
  const found = new Map<string, ReportedRecipient>();
  const isDelay = NOT_YET.test(text);
  for (const [index, line] of lines.entries()) {
    const address = addressOf(line);
    const known = found.get(address?.toLowerCase() ?? "");
    if (address === undefined || (known?.status ?? "") !== "" || (known === undefined && found.size >= MAX_RECIPIENTS)) continue;
    const diagnostic = reasonFor(lines, index, address);
    const status = statusIn(diagnostic);
    const action = isDelay && !status.startsWith("5") ? "delayed" : "failed";
    if (known === undefined || status !== "") found.set(address.toLowerCase(), outcome({ address, action, status, diagnostic }));
  }
  return [...found.values()];
}

function addressOf(line: string): string | undefined {
  if (line.length > 1_000) return undefined;
  const address = (FIRST.exec(line) ?? BEHIND_NAME.exec(line))?.[1];
  return address === undefined || /^(?:mailer-daemon|postmaster)@/i.test(address) ? undefined : address;
}

/** What stands behind the address and in the lines below it, to the next address or the end of the paragraph that has words. */
function reasonFor(lines: readonly string[], index: number, address: string): string {
  const line = lines[index] ?? "";
  const reasons = [line.slice(line.indexOf(address) + address.length).replace(/^[\s>'")\]:.]+/, "")];
  for (const below of lines.slice(index + 1, index + 1 + MAX_REASON_LINES)) {
    if (addressOf(below) !== undefined) break;
    if (below.trim() === "" && reasons.join("").trim() !== "") break;
    reasons.push(below.slice(0, 1_000));
  }
  return reasons.join(" ").trim();
}

function idInCopy(copy: string): string | undefined {
  return messageIdIn(/^[ \t>]{0,4}message-id:\s{0,20}(<[^<>\s]{1,995}>)/im.exec(copy)?.[1]);
}
