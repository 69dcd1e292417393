import {
  EVENT_TEXT_LENGTH,
  type OwedEvent,
  type RejectionRecord,
  type ReplyRecord,
  type TicketHead,
  type TicketRecord,
  type WebhookEvent,
} from "@openticket/contract";

/** What each event says, made from what is stored. Never the access code of a ticket, nor its trace. */

type EventTicket = Extract<WebhookEvent, { type: "ticket.opened" }>["data"]["ticket"];
interface Text {
  message: string;
  markdown: boolean;
  isTruncated: boolean;
  attachments: TicketRecord["attachments"];
}

/** That a ticket was opened. */
export function ticketOpened(ticket: TicketRecord, { at }: OwedEvent): WebhookEvent {
  const { requestId, source } = ticket;
  return { type: "ticket.opened", timestamp: at.toISOString(), data: { requestId, channel: source.channel, ticket: ticketOf(ticket), ...textOf(ticket) } };
}

/** That a reply was added. */
export function replyAdded(ticket: TicketHead, reply: ReplyRecord, { at }: OwedEvent): WebhookEvent {
  const { requestId, source, replyId, author, addedAt } = reply;
  const told = { id: replyId, author, addedAt: addedAt.toISOString(), ...textOf(reply) };
  return { type: "ticket.reply.added", timestamp: at.toISOString(), data: { requestId, channel: source.channel, ticket: ticketOf(ticket), reply: told } };
}

/** That a reply, or an event of a webhook, has given a ticket another status. */
export function statusChanged(ticket: TicketHead, { at, from = "", status = ticket.status, replyId, inboundId }: OwedEvent): WebhookEvent {
  const cause = { ...(replyId !== undefined && { replyId }), ...(inboundId !== undefined && { inboundId }) };
  return { type: "ticket.status.changed", timestamp: at.toISOString(), data: { ticket: ticketOf(ticket), previousStatus: from, status, ...cause } };
}

/** That a request was rejected. */
export function requestRejected({ requestId, source, errors }: RejectionRecord, { at, deptid }: OwedEvent): WebhookEvent {
  const data = { requestId, channel: source.channel, ...(deptid !== undefined && { deptid }), errors };
  return { type: "request.rejected", timestamp: at.toISOString(), data };
}

function ticketOf({ id, tid, deptid, subject, status, priority, opener, openedAt }: TicketHead): EventTicket {
  return { id, tid, deptid, subject, status, priority, opener, openedAt: openedAt.toISOString() };
}

function textOf({ message, markdown, attachments }: Pick<TicketRecord, "message" | "markdown" | "attachments">): Text {
  const isTruncated = message.length > EVENT_TEXT_LENGTH;
  return { message: isTruncated ? message.slice(0, EVENT_TEXT_LENGTH).toWellFormed() : message, markdown, isTruncated, attachments };
}
