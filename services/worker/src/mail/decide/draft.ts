import { type Actor, type CommandSource, identityOf, keyOfMailReply, LIMITS, type ReplyParams, type TicketParams, writtenAtOf } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { headerOf } from "./addresses.ts";
import type { MailCase, Sender } from "./mail-case.ts";
import type { MailOutcome } from "./outcome.ts";
import type { KnownTicket } from "./ports.ts";

/** Subject and message where a mail has none: a ticket needs both. */
export const NO_SUBJECT = "(no subject)";
export const NO_TEXT = "(no text)";

/** The ticket that this mail opens. */
export async function writeTicket(mailCase: MailCase, linkedTo?: { id: number; tid: string }): Promise<MailOutcome> {
  const { mail } = mailCase;
  const sender = await mailCase.sender();
  const { department } = await mailCase.department();
  const { message, fullText } = textsOf(mailCase, sender.forwardedBy === undefined ? (mail.openingText ?? mail.visibleText) : mail.text);
  const params: Omit<TicketParams, "attachments"> = {
    ...(department && { deptid: department.id }),
    subject: mail.subject.trim() === "" ? NO_SUBJECT : mail.subject,
    message,
    markdown: false,
    ...openerOf(sender),
    ...(sender.forwardedBy !== undefined && { admin: true }),
    ...(mailCase.silence.length > 0 && { noemail: true }),
  };
  const draft = { source: sourceOf(mailCase), actor: actorOf(sender), params, files: mail.attachments, fullText };
  return { kind: "ticket", draft, linkedTo };
}

/** The reply that this mail adds. */
export async function writeReply(mailCase: MailCase, { id, tid }: KnownTicket): Promise<MailOutcome> {
  const sender = await mailCase.sender();
  const { message, fullText } = textsOf(mailCase, sender.forwardedBy === undefined ? mailCase.mail.visibleText : mailCase.mail.text);
  const params: Omit<ReplyParams, "attachments"> = {
    ticketid: id,
    message,
    markdown: false,
    ...authorOf(sender),
    ...(mailCase.silence.some(({ isForAll }) => isForAll || sender.person.kind !== "staff") && { noemail: true }),
  };
  const draft = { source: sourceOf(mailCase), actor: actorOf(sender), params, files: mailCase.mail.attachments, fullText };
  return { kind: "reply", draft, ticket: { id, tid }, key: keyOf(mailCase, sender, id, dateOf(mailCase.mail)) };
}

/**
 * What names the reply that a mail is to this ticket; without a Message-ID it may be the same words of another day. Who has
 * written it is part of that, or a copy in a stranger's name would stand for a mail that comes after it; so is its Date, or a
 * device that has one Message-ID for all could say a thing once.
 */
function keyOf({ mail }: MailCase, sender: Sender, ticketId: number, date: Date | undefined): string | undefined {
  const { messageId, text, attachments } = mail;
  const files = attachments.map(({ name, size }) => [name, size]);
  return messageId === undefined ? undefined : keyOfMailReply(ticketId, messageId, [authorOf(sender), text, files, ...(date ? [date.toISOString()] : [])]);
}

/** When it was written. Read of the mail itself: of its records, one for each mailbox, an earlier version's door has noted none. */
export function dateOf(mail: UnderstoodMail): Date | undefined {
  return writtenAtOf(headerOf(mail, "date") ?? "");
}

/** The name under which that reply is unique, with this Date or without one; undefined where the record's own name is. */
export async function identityOfReply(mailCase: MailCase, ticketId: number, date: Date | undefined): Promise<string | undefined> {
  const idempotencyKey = keyOf(mailCase, await mailCase.sender(), ticketId, date);
  const { requestId } = mailCase.record;
  return idempotencyKey === undefined ? undefined : identityOf({ idempotencyKey, requestId, source: sourceOf(mailCase) });
}

/** The message is what is new in the mail, of a forwarded one all of it; the whole text is kept beside it where that is more. */
function textsOf({ mail }: MailCase, visible: string): { message: string; fullText: string | undefined } {
  const message = visible.trim() === "" ? mail.text : visible;
  const shown = message.trim() === "" ? NO_TEXT : withinBytes(message, LIMITS.messageBytes);
  const isWhole = mail.text.trim() === "" || mail.text === message;
  return { message: shown, fullText: isWhole ? undefined : withinBytes(mail.text, LIMITS.messageBytes) };
}

/** The beginning that has so many bytes of UTF-8 at most, never half a character. */
function withinBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

function openerOf({ person, name, address }: Sender): Pick<TicketParams, "clientid" | "userid" | "contactid" | "name" | "email"> {
  switch (person.kind) {
    case "client":
    case "user":
    case "contact": {
      const { kind, ...ids } = person;
      return ids;
    }
    case "staff":
    case "guest":
      return { name, email: address };
  }
}

function authorOf({ person, name, address }: Sender): Pick<ReplyParams, "clientid" | "contactid" | "name" | "email" | "adminusername"> {
  switch (person.kind) {
    case "staff":
      return { adminusername: person.username };
    case "client":
    case "user":
      return { clientid: person.clientid };
    case "contact":
      return { clientid: person.clientid, contactid: person.contactid };
    case "guest":
      return { name, email: address };
  }
}

function actorOf({ person, isVerified, forwardedBy }: Sender): Actor {
  const admin = forwardedBy ?? (person.kind === "staff" ? person.username : undefined);
  return { isVerified, ...(admin !== undefined && { admin }), ...(person.kind === "user" && { userid: person.userid }) };
}

function sourceOf({ mail, record }: MailCase): CommandSource {
  const { door, ip } = record.source;
  const { messageId } = mail;
  const writtenAt = dateOf(mail)?.toISOString();
  return {
    channel: "email",
    door,
    mailbox: record.mailbox,
    inboundId: record._id,
    ...(messageId !== undefined && { messageId }),
    ...(writtenAt !== undefined && { writtenAt }),
    ...(ip !== undefined && { ip }),
  };
}
