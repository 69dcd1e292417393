import { z } from "zod";
import { commandSource } from "./command.ts";
import { customFieldValue, decision, opener, outboxEntry, type TicketRecord } from "./ticket.ts";
import { attachmentRef } from "./ticket-params.ts";

/** Who replied. `name` and `email` are those at the time of the reply; an admin who is not known here has no address. */
export const replyAuthor = opener.omit({ admin: true, kind: true, email: true }).extend({
  kind: z.enum(["client", "user", "contact", "guest", "admin"]),
  email: z.string().optional(),
  /** Username, of an admin. */
  admin: z.string().optional(),
});
export type ReplyAuthor = z.infer<typeof replyAuthor>;

/** A reply as it is stored: a document of its own, with its own outbox. */
export const replyRecord = z.object({
  /** Identity of the request that added it (see identity.ts): the guard against a second reply. */
  _id: z.string(),
  requestId: z.string(),
  fingerprint: z.string(),
  /** Unique among the replies of all tickets. */
  replyId: z.int().positive(),
  ticketId: z.int().positive(),
  author: replyAuthor,
  message: z.string(),
  markdown: z.boolean(),
  attachments: z.array(attachmentRef),
  /** Values that the ticket's custom fields get. */
  customfields: z.array(customFieldValue),
  /** Status that the ticket gets. */
  status: z.string(),
  /** Shown as the time of the reply; may lie in the past by request. */
  createdAt: z.date(),
  /** When a door took the request. */
  receivedAt: z.date(),
  /** When it was written. */
  addedAt: z.date(),
  source: commandSource,
  decisions: z.array(decision),
  /** The whole text of the mail, where the message is only what was new in it. */
  fullText: z.string().optional(),
  outbox: z.array(outboxEntry),
  /** When the outbox is next due; absent when nothing is owed. */
  dueAt: z.date().optional(),
  /** The ticket owes an event when this reply gives it another status. */
  tellsOfStatus: z.literal(true).optional(),
});
export type ReplyRecord = z.infer<typeof replyRecord>;

/** A reply before it has its number. */
export type ReplyDraft = Omit<ReplyRecord, "replyId">;

/** What a reply does not need of its ticket, and may be large: its message, and what was owed for it. */
export const NOT_IN_TICKET_HEAD = [
  "message",
  "fullText",
  "bounces",
  "markdown",
  "attachments",
  "outbox",
  "decisions",
  "fingerprint",
  "replyIds",
  "dueAt",
] as const satisfies readonly (keyof TicketRecord)[];

/** What a reply needs to know of its ticket. */
export type TicketHead = Omit<TicketRecord, (typeof NOT_IN_TICKET_HEAD)[number]>;

/** What nobody needs of a ticket to answer its request again, and may be large. */
export const NOT_IN_STANDING_TICKET = [
  "message",
  "fullText",
  "attachments",
  "customfields",
  "decisions",
  "bounces",
  "replyIds",
] as const satisfies readonly (keyof TicketRecord)[];

/** The ticket that stands of a request. */
export type StandingTicket = Omit<TicketRecord, (typeof NOT_IN_STANDING_TICKET)[number]>;

/** The same of a reply. */
export const NOT_IN_STANDING_REPLY = ["message", "fullText", "attachments", "customfields", "decisions"] as const satisfies readonly (keyof ReplyRecord)[];

/** The reply that stands of a request. */
export type StandingReply = Omit<ReplyRecord, (typeof NOT_IN_STANDING_REPLY)[number]>;
