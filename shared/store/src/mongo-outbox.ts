import { randomUUID } from "node:crypto";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { inTime } from "./in-time.ts";
import { type TicketDocument, toRecord } from "./ticket-documents.ts";
import type { Postponement, TicketStore } from "./ticket-store.ts";

type Tickets = mongoose.mongo.Collection<TicketDocument>;
type Mark = { identity: string; key: string; at: Date };

/** Marks that travel together. */
const LARGEST_BATCH = 1000;
const WRITES_IN_FLIGHT = 1;

/** The outbox inside the tickets' documents. */
export function makeMongoOutbox(tickets: Tickets): Pick<TicketStore, "markDelivered" | "leaseDue" | "postpone"> {
  const mark = coalesce<Mark, void>({ run: (marks) => markBatch(marks, tickets), maxInFlight: WRITES_IN_FLIGHT, maxBatch: LARGEST_BATCH });
  return {
    async markDelivered(entries, at) {
      await Promise.all(entries.map((entry) => mark({ ...entry, at })));
    },
    leaseDue: (now, leaseMs, limit) => inTime(leaseDue(tickets, now, leaseMs, limit)),
    postpone: (identity, key, next) => inTime(postpone(tickets, identity, key, next)),
  };
}

/** One update for all tickets of which the same entry was delivered: under load that is one for the whole batch. */
async function markBatch(marks: readonly Mark[], tickets: Tickets): Promise<undefined[]> {
  for (const key of new Set(marks.map((mark) => mark.key))) {
    const same = marks.filter((mark) => mark.key === key);
    const deliveredAt = same[0]?.at ?? new Date();
    await tickets.updateMany({ _id: { $in: same.map(({ identity }) => identity) } }, [setInEntry(key, { deliveredAt }), CLEAR_WHEN_DONE]);
  }
  return marks.map(() => undefined);
}

/**
 * Takes tickets that are due by moving their due time ahead under a token of this call. Another relay's update no
 * longer finds them due, so no ticket is handed out twice.
 */
async function leaseDue(tickets: Tickets, now: Date, leaseMs: number, limit: number): ReturnType<TicketStore["leaseDue"]> {
  const due = await tickets.find({ dueAt: { $lte: now } }, { projection: { _id: 1 }, sort: { dueAt: 1 }, limit }).toArray();
  if (due.length === 0) return [];
  const leasedBy = randomUUID();
  const identities = due.map(({ _id }) => _id);
  await tickets.updateMany({ _id: { $in: identities }, dueAt: { $lte: now } }, { $set: { dueAt: new Date(now.getTime() + leaseMs), leasedBy } });
  return (await tickets.find({ _id: { $in: identities }, leasedBy }).toArray()).map(toRecord);
}

async function postpone(tickets: Tickets, identity: string, key: string, next: Postponement): Promise<void> {
  const { error: lastError, ...rest } = next;
  const changes = "deadAt" in next ? { lastError, deadAt: next.deadAt } : { lastError, attempts: next.attempts };
  const dueAgain = "dueAt" in rest ? [{ $set: { dueAt: rest.dueAt } }] : [];
  await tickets.updateOne({ _id: identity }, [setInEntry(key, changes), ...dueAgain, CLEAR_WHEN_DONE]);
}

/** Sets fields in the entry with that key, and leaves the other entries as they are. */
function setInEntry(key: string, fields: Record<string, unknown>) {
  const isEntry = { $eq: ["$$entry.key", { $literal: key }] };
  const merged = { $mergeObjects: ["$$entry", { $literal: fields }] };
  return { $set: { outbox: { $map: { input: "$outbox", as: "entry", in: { $cond: [isEntry, merged, "$$entry"] } } } } };
}

/** A ticket of which every entry is delivered or dead is not due any more, and nobody's lease. */
const isOpen = { $and: [{ $eq: [{ $type: "$$entry.deliveredAt" }, "missing"] }, { $eq: [{ $type: "$$entry.deadAt" }, "missing"] }] };
const isDone = { $eq: [{ $size: { $filter: { input: "$outbox", as: "entry", cond: isOpen } } }, 0] };
const CLEAR_WHEN_DONE = { $set: { dueAt: { $cond: [isDone, "$$REMOVE", "$dueAt"] }, leasedBy: { $cond: [isDone, "$$REMOVE", "$leasedBy"] } } };
