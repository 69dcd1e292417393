import type { EventBelonging, EventEntry, InboundRecord, TicketEvent } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { eachInTime } from "./in-time.ts";
import { owedForStatus } from "./status-owed.ts";
import type { TicketDocument } from "./ticket-documents.ts";

/** What events of webhooks do to tickets, and what tickets show of them. */
export interface EventTickets {
  /**
   * Lets a ticket hear of an event. An event changes the status at most once, and only when none that happened later was heard of: so
   * one that is decided again, or comes late, undoes nothing that came after it. `owed` is what the ticket owes for that.
   */
  hear(ticketId: number, event: TicketEvent, options: HearOptions): Promise<Heard>;
  /** Events that count for a ticket, exact however often any of them was decided; undefined for a ticket without any. */
  occurrencesOf(ticketId: number): Promise<Occurrences | undefined>;
}

export interface HearOptions {
  /** The status that an event of this kind leads to, unset: it leaves the status as it is. */
  status?: { from: "closed" | "not-closed"; to: string } | undefined;
  owed?: EventEntry | undefined;
  /** When the relay looks after what is owed. */
  dueAt: Date;
}

export type Heard =
  | { kind: "changed"; from: string; to: string }
  | { kind: "unchanged"; status: string }
  /** One that happened later was heard of before. */
  | { kind: "late"; status: string }
  /** This event was heard of before. */
  | { kind: "repeated"; status: string }
  | { kind: "gone" };

export interface Occurrences {
  /** Events that said that it is on, the one that opened the ticket with them. */
  count: number;
  firstAt: Date;
  lastAt: Date;
  /** The latest events, the newest first. */
  recent: { id: string; at: Date; state: EventBelonging["state"] }[];
}

/** Events that a ticket is shown with. */
export const SHOWN_OCCURRENCES = 20;
const CLOSED = "Closed";

/** See {@link EventTickets}. */
export function makeMongoEventTickets(store: StoreConnection): EventTickets {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const records = store.db.collection<InboundRecord>(COLLECTIONS.inbound);
  return eachInTime({
    async hear(ticketId, event, options) {
      const before = await tickets.findOneAndUpdate({ id: ticketId }, hearUpdate(event, options), {
        returnDocument: "before",
        projection: { status: 1, lastEvent: 1 },
      });
      return before ? heard(before, event, options) : { kind: "gone" };
    },
    async occurrencesOf(ticketId) {
      const all = { "ticket.id": ticketId, "correlation.requestId": { $exists: true } };
      const projection = { receivedAt: 1, "correlation.state": 1 };
      const [count, [first], recent] = await Promise.all([
        records.countDocuments({ ...all, "correlation.state": "firing" }),
        records.find(all, { projection, sort: { receivedAt: 1 }, limit: 1 }).toArray(),
        records.find(all, { projection, sort: { receivedAt: -1 }, limit: SHOWN_OCCURRENCES }).toArray(),
      ]);
      const [last] = recent;
      if (!first || !last) return undefined;
      const shown = recent.map(({ _id: id, receivedAt: at, correlation }) => ({ id, at, state: correlation?.state ?? "firing" }));
      return { count, firstAt: first.receivedAt, lastAt: last.receivedAt, recent: shown };
    },
  });
}

/** A ticket that has heard of no event yet counts as one that has heard of none later. */
function hearUpdate(event: TicketEvent, { status, owed, dueAt }: HearOptions): mongoose.mongo.Document[] {
  const isNewer = { $lt: ["$lastEvent", { $literal: inOrder(event) }] };
  const lastEvent = { $cond: [isNewer, { $literal: inOrder(event) }, "$lastEvent"] };
  if (!status) return [{ $set: { lastEvent } }];
  const isThere = { [status.from === "closed" ? "$eq" : "$ne"]: ["$status", CLOSED] };
  const changes = { $and: [isNewer, isThere] };
  const changed = { lastEvent, status: { $cond: [changes, { $literal: status.to }, "$status"] } };
  return [{ $set: { ...changed, ...(owed && owedForStatus(owed, changes, dueAt)) } }];
}

function inOrder({ at, receivedAt, inboundId, state }: TicketEvent): TicketEvent {
  return { at, ...(receivedAt && { receivedAt }), inboundId, state };
}

function heard({ status, lastEvent }: Pick<TicketDocument, "status" | "lastEvent">, event: TicketEvent, options: HearOptions): Heard {
  if (lastEvent?.inboundId === event.inboundId) return { kind: "repeated", status };
  if (lastEvent && !isLater(event, lastEvent)) return { kind: "late", status };
  const isThere = options.status && (options.status.from === "closed") === (status === CLOSED);
  return options.status && isThere ? { kind: "changed", from: status, to: options.status.to } : { kind: "unchanged", status };
}

/** When it happened, and when it came in; before all others where that was not noted. */
function timesOf({ at, receivedAt }: TicketEvent): [number, number] {
  return [at.getTime(), receivedAt?.getTime() ?? 0];
}

/** As MongoDB compares them. */
function isLater(event: TicketEvent, other: TicketEvent): boolean {
  const [[at, receivedAt], [otherAt, otherReceivedAt]] = [timesOf(event), timesOf(other)];
  const difference = at - otherAt || receivedAt - otherReceivedAt;
  return difference > 0 || (difference === 0 && event.inboundId > other.inboundId);
}
