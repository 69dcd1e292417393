import { eventIdOf } from "./event.ts";
import type { OutboxEntry, OwedEvent } from "./ticket.ts";
import type { ReplyRecord } from "./ticket-reply.ts";

const TYPE = "ticket.status.changed";
/** Of each such entry; behind it stands the reply's number. */
const KEY = `event:${TYPE}:`;

/** An entry that owes an event. */
export type EventEntry = OutboxEntry & { event: OwedEvent };

/** What a ticket owes for a reply that gives it another status; the status before is for who writes it to add. */
export function statusEntry({ replyId, status, addedAt }: Pick<ReplyRecord, "replyId" | "status" | "addedAt">): EventEntry {
  return { key: `${KEY}${replyId}`, kind: "event", event: { type: TYPE, id: eventIdOf(TYPE, String(replyId)), at: addedAt, replyId, status }, attempts: 0 };
}

/** Tells such an entry. */
export function isStatusEntry({ event }: Pick<OutboxEntry, "event">): boolean {
  return event?.type === TYPE;
}
