import { EVENT_STATES, type OutboxEntry, type ReplyRecord, replyRecord, type TicketRecord, ticketBounce, ticketRecord } from "@openticket/contract";
import { z } from "zod";
import type { Occurrences } from "../../../intake/ports.ts";

/** What is or was owed because of a ticket or a reply: answers and mails, each with its state. */
const deliveries = z.array(
  z.object({
    key: z.string(),
    kind: z.string(),
    state: z.enum(["pending", "delivered", "dead"]),
    attempts: z.int(),
    at: z.iso.datetime().optional(),
    lastError: z.string().optional(),
  }),
);

/** Replies that a ticket is shown with: the latest ones. */
export const SHOWN_REPLIES = 500;

/** A reply as the REST API shows it. */
const replyView = replyRecord
  .pick({
    replyId: true,
    author: true,
    message: true,
    markdown: true,
    attachments: true,
    status: true,
    source: true,
    decisions: true,
    requestId: true,
    fullText: true,
  })
  .extend({ createdAt: z.iso.datetime(), receivedAt: z.iso.datetime(), addedAt: z.iso.datetime(), deliveries });
type ReplyView = z.infer<typeof replyView>;

/** A ticket as the REST API shows it: the record, without the store's own names. */
export const ticketView = ticketRecord
  .pick({
    id: true,
    tid: true,
    c: true,
    status: true,
    deptid: true,
    subject: true,
    message: true,
    markdown: true,
    priority: true,
    opener: true,
    service: true,
    customfields: true,
    attachments: true,
    preventClientClosure: true,
    source: true,
    decisions: true,
    requestId: true,
    fullText: true,
    linkedTo: true,
  })
  .extend({
    createdAt: z.iso.datetime(),
    receivedAt: z.iso.datetime(),
    openedAt: z.iso.datetime(),
    lastReplyAt: z.iso.datetime().optional(),
    deliveries,
    /** Mails of it that did not arrive, as delivery reports say. */
    bounces: z.array(ticketBounce.extend({ at: z.iso.datetime() })).optional(),
    /** Of a ticket that counts events of a webhook: how many said that it is on, and the latest events, the newest first. */
    occurrences: z
      .object({
        count: z.int(),
        firstAt: z.iso.datetime(),
        lastAt: z.iso.datetime(),
        recent: z.array(z.object({ id: z.string(), at: z.iso.datetime(), state: z.enum(EVENT_STATES) })),
      })
      .optional(),
    replyCount: z.int(),
    /** The latest replies, the oldest of them first. */
    replies: z.array(replyView).max(SHOWN_REPLIES),
  });
export type TicketView = z.infer<typeof ticketView>;

/** See {@link ticketView}. */
export function viewTicket(
  ticket: TicketRecord,
  { replies, occurrences }: { replies: readonly ReplyRecord[]; occurrences?: Occurrences | undefined },
): TicketView {
  const { _id, fingerprint, outbox, dueAt, createdAt, receivedAt, openedAt, lastReplyAt, replyIds = [], bounces, lastEvent, ...shown } = ticket;
  return {
    ...shown,
    createdAt: createdAt.toISOString(),
    receivedAt: receivedAt.toISOString(),
    openedAt: openedAt.toISOString(),
    ...(lastReplyAt && { lastReplyAt: lastReplyAt.toISOString() }),
    ...(bounces && { bounces: bounces.map((bounce) => ({ ...bounce, at: bounce.at.toISOString() })) }),
    deliveries: viewDeliveries(outbox),
    ...(occurrences && { occurrences: viewOccurrences(occurrences) }),
    replyCount: replyIds.length,
    replies: replies.map(viewReply),
  };
}

function viewOccurrences({ count, firstAt, lastAt, recent }: Occurrences): NonNullable<TicketView["occurrences"]> {
  const shown = recent.map(({ id, at, state }) => ({ id, at: at.toISOString(), state }));
  return { count, firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString(), recent: shown };
}

function viewReply(reply: ReplyRecord): ReplyView {
  const { _id, fingerprint, ticketId, outbox, dueAt, customfields, createdAt, receivedAt, addedAt, ...shown } = reply;
  return {
    ...shown,
    createdAt: createdAt.toISOString(),
    receivedAt: receivedAt.toISOString(),
    addedAt: addedAt.toISOString(),
    deliveries: viewDeliveries(outbox),
  };
}

function viewDeliveries(outbox: readonly OutboxEntry[]): TicketView["deliveries"] {
  return outbox.map(({ key, kind, attempts, deliveredAt, deadAt, lastError }) => {
    const at = (deliveredAt ?? deadAt)?.toISOString();
    const state = deliveredAt ? "delivered" : deadAt ? "dead" : "pending";
    return { key, kind, state, attempts, ...(at !== undefined && { at }), ...(lastError !== undefined && { lastError }) };
  });
}
