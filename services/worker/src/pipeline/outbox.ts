import type { OpenTicketCommand, OutboxEntry } from "@openticket/contract";
import type { Admin, Directory } from "./ports.ts";
import type { ValidTicket } from "./validate.ts";

/**
 * What a new ticket owes to others: the reply to its requester, one mail to the opener, one to each admin of the
 * department. Nobody is mailed for an own action. Keys name the delivery, so that doing it again can be recognised.
 */
export async function owedDeliveries(command: OpenTicketCommand, ticket: ValidTicket, directory: Directory): Promise<OutboxEntry[]> {
  const staff = await directory.staffOf(ticket.department);
  return [...owedReply(command), ...owedToOpener(command, ticket), ...owedToStaff(ticket, staff)];
}

function owedReply({ replyTo, requestId, correlationId }: OpenTicketCommand): OutboxEntry[] {
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

function owedToStaff({ fields: { opener } }: ValidTicket, staff: Admin[]): OutboxEntry[] {
  const told = staff.filter((admin) => !admin.disabled && admin.username !== opener.admin);
  const byAddress = new Map(told.map((admin) => [admin.email.toLowerCase(), admin]));
  return [...byAddress.values()].map(({ username, firstname, lastname, email }) => ({
    key: `mail:staff:${username}`,
    kind: "mail" as const,
    template: "staff-ticket-opened" as const,
    to: { name: `${firstname} ${lastname}`.trim(), email },
    attempts: 0,
  }));
}
