import type { AddTicketReplyCommand, Command, OpenTicketCommand, OutboxEntry } from "@openticket/contract";
import type { Admin, Directory } from "./ports.ts";
import type { ValidTicket } from "./validate.ts";
import type { ValidReply } from "./validate-reply.ts";

/**
 * What a new ticket owes to others: the reply to its requester, one mail to the opener, one to each admin of the
 * department. Nobody is mailed for an own action. Keys name the delivery, so that doing it again can be recognised.
 */
export async function owedDeliveries(command: OpenTicketCommand, ticket: ValidTicket, directory: Directory): Promise<OutboxEntry[]> {
  const staff = await directory.staffOf(ticket.department);
  const { opener } = ticket.fields;
  const told = staff.filter((admin) => admin.username !== opener.admin);
  return [...owedReply(command), ...owedToOpener(command, ticket), ...owedToStaff(told, "staff-ticket-opened")];
}

/**
 * What a new reply owes: its effect on the ticket, the answer to its requester, and one mail to the opener where the
 * staff has replied, else one to each admin of the department.
 */
export async function owedByReply(command: AddTicketReplyCommand, reply: ValidReply, directory: Directory): Promise<OutboxEntry[]> {
  const mails = reply.fields.author.kind === "admin" ? answerToOpener(command, reply) : await newsToStaff(reply, directory);
  return [{ key: "ticket", kind: "ticket", attempts: 0 }, ...owedReply(command), ...mails];
}

/** Tells the entry that is the answer to this command; another request's with the same key is not. */
export function isReplyTo({ requestId, correlationId, replyTo }: Pick<Command, "requestId" | "correlationId" | "replyTo">): (entry: OutboxEntry) => boolean {
  return (entry) => entry.kind === "reply" && entry.queue === replyTo?.queue && entry.requestId === requestId && entry.correlationId === correlationId;
}

function owedReply({ replyTo, requestId, correlationId }: Command): OutboxEntry[] {
  if (!replyTo) return [];
  return [{ key: "reply", kind: "reply", queue: replyTo.queue, requestId, ...(correlationId !== undefined && { correlationId }), attempts: 0 }];
}

function owedToOpener({ ticket: { noemail } }: OpenTicketCommand, { fields: { opener, decisions }, department }: ValidTicket): OutboxEntry[] {
  const reason = noemail ? "noemail was given" : department.noAutoresponder ? "the department has no autoresponder" : undefined;
  if (reason) decisions.push({ rule: "mail to opener", answer: "none", because: reason });
  if (reason) return [];
  const template = opener.admin === undefined ? "ticket-opened" : "ticket-opened-by-admin";
  const { name, email } = opener;
  return [{ key: "mail:opener", kind: "mail", template, to: { name, email }, attempts: 0 }];
}

function owedToStaff(staff: Admin[], template: "staff-ticket-opened" | "staff-reply-added"): OutboxEntry[] {
  const told = staff.filter(({ disabled }) => !disabled);
  const byAddress = new Map(told.map((admin) => [admin.email.toLowerCase(), admin]));
  return [...byAddress.values()].map(({ username, firstname, lastname, email }) => ({
    key: `mail:staff:${username}`,
    kind: "mail" as const,
    template,
    to: { name: `${firstname} ${lastname}`.trim(), email },
    attempts: 0,
  }));
}

function answerToOpener({ ticket: { noemail } }: AddTicketReplyCommand, { fields, ticket: { opener } }: ValidReply): OutboxEntry[] {
  const { author, decisions } = fields;
  const reason = noemail ? "noemail was given" : isSameAddress(author.email, opener.email) ? "the opener has replied" : undefined;
  if (reason) decisions.push({ rule: "mail to opener", answer: "none", because: reason });
  if (reason) return [];
  const { name, email } = opener;
  return [{ key: "mail:opener", kind: "mail", template: "reply-to-opener", to: { name, email }, attempts: 0 }];
}

async function newsToStaff({ fields: { author }, department }: ValidReply, directory: Directory): Promise<OutboxEntry[]> {
  const staff = department ? await directory.staffOf(department) : [];
  const told = staff.filter(({ email }) => !isSameAddress(email, author.email));
  return owedToStaff(told, "staff-reply-added");
}

function isSameAddress(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a.toLowerCase() === b?.toLowerCase();
}
