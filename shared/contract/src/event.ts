import { createHash } from "node:crypto";
import { z } from "zod";
import { requestError } from "./errors.ts";
import { EVENT_TYPES, type EventType } from "./event-type.ts";
import { opener, priority } from "./ticket.ts";
import { attachmentRef } from "./ticket-params.ts";
import { replyAuthor } from "./ticket-reply.ts";

/** What our events say: the bodies of the calls to endpoints. They hold no access code and no content of files. */

/** Characters of a message that an event holds; what is longer is cut and says so. */
export const EVENT_TEXT_LENGTH = 10_000;

/** Type of the event that an operator sends to see that an endpoint works. */
export const TEST_EVENT = "endpoint.test";
/** Every type that a call may have. */
export const CALL_TYPES = [...EVENT_TYPES, TEST_EVENT] as const;

/** The ticket as it is when the event is told. */
const eventTicket = z.object({
  id: z.int().positive(),
  /** Ticket number as people see it. */
  tid: z.string(),
  deptid: z.int(),
  subject: z.string(),
  status: z.string(),
  priority,
  opener,
  openedAt: z.iso.datetime(),
});

const eventText = {
  message: z.string().max(EVENT_TEXT_LENGTH),
  markdown: z.boolean(),
  /** True when the message is longer than what stands here. */
  isTruncated: z.boolean(),
  /** What is attached; its content is read through the REST API. */
  attachments: z.array(attachmentRef),
};

function eventOf<T extends string, D extends z.ZodRawShape>(type: T, data: D) {
  return z.object({
    type: z.literal(type),
    /** When it happened; the time of the call is in a header. */
    timestamp: z.iso.datetime(),
    data: z.object(data),
  });
}

/** A ticket was opened. `requestId`: of the request that opened it; `channel`: the door that it came by. */
export const ticketOpenedEvent = eventOf("ticket.opened", { requestId: z.string(), channel: z.string(), ticket: eventTicket, ...eventText });
/** A reply was added to a ticket. */
export const replyAddedEvent = eventOf("ticket.reply.added", {
  requestId: z.string(),
  channel: z.string(),
  ticket: eventTicket,
  reply: z.object({ id: z.int().positive(), author: replyAuthor, addedAt: z.iso.datetime(), ...eventText }),
});
/** A reply, or an event of a webhook that came in, has given a ticket another status. */
export const statusChangedEvent = eventOf("ticket.status.changed", {
  ticket: eventTicket,
  previousStatus: z.string(),
  status: z.string(),
  replyId: z.int().positive().optional(),
  inboundId: z.string().optional(),
});
/** A request was rejected; `deptid` where it named a department. */
export const requestRejectedEvent = eventOf("request.rejected", {
  requestId: z.string(),
  channel: z.string(),
  deptid: z.int().optional(),
  errors: z.array(requestError).min(1),
});
/** See {@link TEST_EVENT}. */
export const testEvent = eventOf(TEST_EVENT, { endpoint: z.string() });

/** The body of a call to an endpoint. */
export const webhookEvent = z.discriminatedUnion("type", [ticketOpenedEvent, replyAddedEvent, statusChangedEvent, requestRejectedEvent, testEvent]);
export type WebhookEvent = z.infer<typeof webhookEvent>;

/** Name of an event, the same whenever it is told: made from its type and what it is about. */
export function eventIdOf(type: EventType, subject: string): string {
  return `evt_${createHash("sha256").update(`${type}\n${subject}`).digest("hex").slice(0, 32)}`;
}
