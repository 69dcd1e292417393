import type { OutboxEntry } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { inTime } from "./in-time.ts";
import { leaseDue } from "./lease-due.ts";
import { type Stored, toRecord } from "./ticket-documents.ts";
import type { DeliveredEntry, Held, Outbox, Postponement } from "./ticket-store.ts";

/** A document with an outbox: a ticket, a reply, or a rejection that owes something. */
type Owing = Stored & { _id: string; outbox?: OutboxEntry[] | undefined; dueAt?: Date | undefined };
type Documents = mongoose.mongo.Collection<Owing>;
type Mark = DeliveredEntry & { at: Date };

/** Marks that travel together. */
const LARGEST_BATCH = 1000;
const WRITES_IN_FLIGHT = 1;

/** The outbox inside the documents of a collection; `only`: what else must be true of a document that is due. */
export function makeMongoOutbox<T extends Omit<Owing, keyof Stored>>(
  collection: mongoose.mongo.Collection<T & Stored>,
  only: mongoose.mongo.Filter<Owing> = {},
): Outbox<T> {
  // Of a collection of a generic type the driver knows no fields.
  const documents = collection as unknown as Documents;
  const mark = coalesce<Mark, void>({ run: (marks) => markBatch(marks, documents), maxInFlight: WRITES_IN_FLIGHT, maxBatch: LARGEST_BATCH });
  return {
    async markDelivered(entries, at) {
      await Promise.all(entries.map((entry) => mark({ ...entry, at })));
    },
    leaseDue: async (now, leaseMs, limit) => (await inTime(leaseDue(documents, only, { now, leaseMs, limit }))).map(toRecord) as unknown as T[],
    postpone: (record, key, next) => inTime(postpone(documents, record, key, next)),
  };
}

/** One update for all documents of which the same entry was delivered: under load that is one for the whole batch. */
async function markBatch(marks: readonly Mark[], documents: Documents): Promise<undefined[]> {
  for (const key of new Set(marks.map((mark) => mark.key))) {
    const same = marks.filter((mark) => mark.key === key);
    const deliveredAt = same[0]?.at ?? new Date();
    const only = same.filter(({ isOnly }) => isOnly).map(({ identity }) => identity);
    const left = (await markOnly(only, key, deliveredAt, documents)) ? same.filter(({ isOnly }) => !isOnly) : same;
    if (left.length > 0)
      await documents.updateMany({ _id: { $in: left.map(({ identity }) => identity) } }, [setInEntry(key, { deliveredAt }), CLEAR_WHEN_DONE]);
  }
  return marks.map(() => undefined);
}

/**
 * Of documents that owe nothing else: without the expressions of an update that has to look at the other entries, which
 * cost MongoDB as much as all the rest of the update. False when some of them are not as they were seen.
 */
async function markOnly(identities: string[], key: string, deliveredAt: Date, documents: Documents): Promise<boolean> {
  if (identities.length === 0) return true;
  const asSeen = { _id: { $in: identities }, outbox: { $size: 1 }, "outbox.0.key": key };
  const change = { $set: { "outbox.0.deliveredAt": deliveredAt }, $unset: { dueAt: 1, leasedBy: 1 } };
  const { matchedCount } = await documents.updateMany(asSeen as object, change as object);
  return matchedCount === new Set(identities).size;
}

async function postpone(documents: Documents, { _id, dueAt: heldUntil = new Date(0) }: Held, key: string, next: Postponement): Promise<void> {
  const changes = { lastError: next.error, attempts: next.attempts, ...("deadAt" in next && { deadAt: next.deadAt }) };
  const isHeldStill = { $lte: ["$dueAt", heldUntil] };
  const dueAgain = "dueAt" in next ? [{ $set: { dueAt: { $cond: [isHeldStill, next.dueAt, "$dueAt"] } } }] : [];
  await documents.updateOne({ _id }, [setInEntry(key, changes), ...dueAgain, CLEAR_WHEN_DONE]);
}

/** Sets fields in the entry with that key, and leaves the other entries as they are. */
function setInEntry(key: string, fields: Record<string, unknown>) {
  const isEntry = { $eq: ["$$entry.key", { $literal: key }] };
  const merged = { $mergeObjects: ["$$entry", { $literal: fields }] };
  return { $set: { outbox: { $map: { input: "$outbox", as: "entry", in: { $cond: [isEntry, merged, "$$entry"] } } } } };
}

/** A document of which every entry is delivered or dead is not due any more, and nobody's lease. */
const isOpen = { $and: [{ $eq: [{ $type: "$$entry.deliveredAt" }, "missing"] }, { $eq: [{ $type: "$$entry.deadAt" }, "missing"] }] };
const isDone = { $eq: [{ $size: { $filter: { input: "$outbox", as: "entry", cond: isOpen } } }, 0] };
const CLEAR_WHEN_DONE = { $set: { dueAt: { $cond: [isDone, "$$REMOVE", "$dueAt"] }, leasedBy: { $cond: [isDone, "$$REMOVE", "$leasedBy"] } } };
