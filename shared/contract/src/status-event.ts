import { eventIdOf } from "./event.ts";
import type { OutboxEntry, OwedEvent } from "./ticket.ts";

const TYPE = "ticket.status.changed";
/** Of each such entry; behind it stands what made the change. */
const KEY = `event:${TYPE}:`;

/** An entry that owes an event. */
export type EventEntry = OutboxEntry & { event: OwedEvent };

/** What gives a ticket another status: a reply, or an event of a webhook. */
export type StatusCause = { replyId: number } | { inboundId: string };

/** What a ticket owes for another status; the status before is for who writes it to add. */
export function statusEntry(cause: StatusCause, { status, at }: { status: string; at: Date }): EventEntry {
  const by = "replyId" in cause ? String(cause.replyId) : cause.inboundId;
  return { key: `${KEY}${by}`, kind: "event", event: { type: TYPE, id: eventIdOf(TYPE, by), at, ...cause, status }, attempts: 0 };
}

/** Tells such an entry. */
export function isStatusEntry({ event }: Pick<OutboxEntry, "event">): boolean {
  return event?.type === TYPE;
}
