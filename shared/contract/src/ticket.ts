import { z } from "zod";
import { commandSource } from "./command.ts";
import { requestError } from "./errors.ts";
import { eventType } from "./event-type.ts";
import { attachmentRef } from "./ticket-params.ts";

/** The stored ticket, and what is stored beside it. These are the documents of MongoDB, as zod sees them. */

export const PRIORITIES = ["Low", "Medium", "High"] as const;
export const priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof priority>;

/** Statuses that every installation has; others are configuration. */
export const TICKET_STATUSES = ["Open", "Answered", "Customer-Reply", "Closed", "On Hold", "In Progress"] as const;

/** Names of our mails. */
export const MAIL_TEMPLATES = ["ticket-opened", "ticket-opened-by-admin", "staff-ticket-opened", "reply-to-opener", "staff-reply-added"] as const;

/** Who opened a ticket. `name` and `email` are those at the time of opening. */
export const opener = z.object({
  kind: z.enum(["client", "user", "contact", "guest"]),
  clientid: z.int().optional(),
  userid: z.int().optional(),
  contactid: z.int().optional(),
  name: z.string(),
  email: z.string(),
  /** Username of the admin who opened it on behalf of the above. */
  admin: z.string().optional(),
  /** Of a mail: whether its sender is who it says, by SPF, DKIM and DMARC. Absent for a request with a credential. */
  isVerified: z.boolean().optional(),
});
export type Opener = z.infer<typeof opener>;

/** An event that is to be told of; the rest of what it says is read from the record that owes it. */
export const owedEvent = z.object({
  type: eventType,
  /** `webhook-id` of its calls. */
  id: z.string(),
  at: z.date(),
  /** Of a change of status: the reply, or the event of a webhook, that made it, and the statuses before and after. */
  replyId: z.int().optional(),
  inboundId: z.string().optional(),
  from: z.string().optional(),
  status: z.string().optional(),
  /** Of a rejection: the department that the request named. */
  deptid: z.int().optional(),
});
export type OwedEvent = z.infer<typeof owedEvent>;

/** A delivery that is owed to somebody because of a ticket or a reply. Stored in the same write as that. */
export const outboxEntry = z.object({
  /** Unique within the ticket and derived from it, so that a repeated delivery can be recognised. */
  key: z.string(),
  /** `ticket`: of a reply, the change of its ticket. `event`: calls to the endpoints that want it. */
  kind: z.enum(["reply", "mail", "ticket", "event"]),
  /** For a mail: which template. */
  template: z.enum(MAIL_TEMPLATES).optional(),
  /** For a mail: whom it goes to. */
  to: z.object({ name: z.string(), email: z.string() }).optional(),
  /** For a reply: the requester's queue and what its message must carry. */
  queue: z.string().optional(),
  requestId: z.string().optional(),
  correlationId: z.string().optional(),
  event: owedEvent.optional(),
  /** Failed tries so far. */
  attempts: z.int().nonnegative(),
  /** Set when a try has failed: it waits until then, whatever else its record owes. */
  nextTryAt: z.date().optional(),
  /** Set when it is done. */
  deliveredAt: z.date().optional(),
  /** Set when it will not be tried again by itself, with the reason. */
  deadAt: z.date().optional(),
  lastError: z.string().optional(),
  /** Set when an operator had it tried again after it was given up. */
  replayedAt: z.date().optional(),
});
export type OutboxEntry = z.infer<typeof outboxEntry>;

/** One decision that was taken on the way to this ticket: which rule, what it answered, and what decided. */
export const decision = z.object({ rule: z.string(), answer: z.string(), because: z.string().optional() });
export type Decision = z.infer<typeof decision>;

export const customFieldValue = z.object({ id: z.int(), name: z.string().optional(), value: z.json() });

/** A mail of a ticket that did not arrive, as a delivery report says. */
export const ticketBounce = z.object({
  address: z.string(),
  /** Such as `5.1.1`, and the words of the server that refused; "" where the report has none. */
  status: z.string(),
  diagnostic: z.string(),
  isPermanent: z.boolean(),
  /** The report, as it came in. */
  inboundId: z.string(),
  at: z.date(),
});
export type TicketBounce = z.infer<typeof ticketBounce>;

/**
 * The event of a webhook that a ticket has heard of last. In this order: MongoDB compares them field by field. `at`: when it
 * happened, at the latest when it came in.
 */
export const ticketEvent = z.object({ at: z.date(), receivedAt: z.date().optional(), inboundId: z.string(), state: z.enum(["firing", "resolved"]) });
export type TicketEvent = z.infer<typeof ticketEvent>;

/** Another ticket, by both its numbers. */
export const ticketLink = z.object({ id: z.int().positive(), tid: z.string() });

export const ticketRecord = z.object({
  /** Identity of the request that opened it (see identity.ts): the guard against a second ticket. */
  _id: z.string(),
  requestId: z.string(),
  fingerprint: z.string(),
  id: z.int().positive(),
  tid: z.string(),
  c: z.string(),
  status: z.string(),
  deptid: z.int(),
  subject: z.string(),
  message: z.string(),
  markdown: z.boolean(),
  priority,
  opener,
  /** `S<id>` of a service or `D<id>` of a domain. */
  service: z.string().optional(),
  customfields: z.array(customFieldValue),
  attachments: z.array(attachmentRef),
  preventClientClosure: z.boolean(),
  /** Shown as the time of the message; may lie in the past by request. */
  createdAt: z.date(),
  /** When a door took the request. */
  receivedAt: z.date(),
  /** When it was written. */
  openedAt: z.date(),
  source: commandSource,
  decisions: z.array(decision),
  outbox: z.array(outboxEntry),
  /** When the outbox is next due; absent when nothing is owed. */
  dueAt: z.date().optional(),
  /** Replies that have changed this ticket, in that order; see ticket-reply.ts. Absent without any. */
  replyIds: z.array(z.int()).optional(),
  /** The latest time of a reply. */
  lastReplyAt: z.date().optional(),
  /** The whole text of the mail that opened it, where the message is only what was new in it. */
  fullText: z.string().optional(),
  /** The closed ticket that it was opened beside. */
  linkedTo: ticketLink.optional(),
  bounces: z.array(ticketBounce).optional(),
  /** Of a ticket that counts events: the latest of them. Later ones alone change its status. */
  lastEvent: ticketEvent.optional(),
});
export type TicketRecord = z.infer<typeof ticketRecord>;

/** A ticket before it has its numbers. */
export type TicketDraft = Omit<TicketRecord, "id" | "tid" | "c">;

/** A stored rejection: a repeated request, or a question of status, gets the same answer until it expires. */
export const rejectionRecord = z.object({
  _id: z.string(),
  requestId: z.string(),
  fingerprint: z.string(),
  errors: z.array(requestError).min(1),
  source: commandSource,
  receivedAt: z.date(),
  rejectedAt: z.date(),
  expiresAt: z.date(),
  /** Absent when nothing is owed, as without endpoints that want to hear of it. */
  outbox: z.array(outboxEntry).optional(),
  dueAt: z.date().optional(),
});
export type RejectionRecord = z.infer<typeof rejectionRecord>;
