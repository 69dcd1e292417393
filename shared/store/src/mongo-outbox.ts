import type { OutboxEntry } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { inTime } from "./in-time.ts";
import { leaseDue } from "./lease-due.ts";
import { type Stored, toRecord } from "./ticket-documents.ts";
import type { DeliveredEntry, FailedDelivery, Held, Outbox } from "./ticket-store.ts";

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
    leaseDue(now, leaseMs, limit, abridge = (record) => record) {
      const read = (document: Owing) => abridge(toRecord(document) as unknown as T);
      return inTime(leaseDue(documents, only, { now, leaseMs, limit }, read));
    },
    postpone: (record, failed, after) => inTime(postpone(documents, record, failed, after)),
  };
}

/**
 * Two commands at most. Each has one update for all documents of which the same entry was delivered: under load that is one for
 * the whole batch. But the event of a change of status has a key of its own, and a round trip for each took longer than a batch may.
 */
async function markBatch(marks: readonly Mark[], documents: Documents): Promise<undefined[]> {
  const only = deliveredIn(marks.filter(({ isOnly }) => isOnly));
  const areAsSeen = (await updateAll(only.map(onlyEntry), documents)) === only.reduce((sum, { identities }) => sum + identities.length, 0);
  const left = areAsSeen ? marks.filter(({ isOnly }) => !isOnly) : marks;
  await updateAll(deliveredIn(left).map(entryAmongOthers), documents);
  return marks.map(() => undefined);
}

/** An entry, and the documents of which it was delivered. */
interface Delivered {
  key: string;
  at: Date;
  identities: string[];
}

function deliveredIn(marks: readonly Mark[]): Delivered[] {
  const byKey = new Map<string, { at: Date; identities: Set<string> }>();
  for (const { key, at, identity } of marks) {
    const delivered = byKey.get(key) ?? { at, identities: new Set() };
    byKey.set(key, delivered);
    delivered.identities.add(identity);
  }
  return Array.from(byKey, ([key, { at, identities }]) => ({ key, at, identities: [...identities] }));
}

/**
 * Of documents that owe nothing else, and are as they were seen: without the expressions of an update that has to look at the
 * other entries, which cost MongoDB as much as all the rest of the update.
 */
function onlyEntry({ key, at, identities }: Delivered): Update {
  const asSeen = { _id: { $in: identities }, outbox: { $size: 1 }, "outbox.0.key": key };
  return { filter: asSeen as object, update: { $set: { "outbox.0.deliveredAt": at }, $unset: { dueAt: 1, leasedBy: 1 } } as object };
}

function entryAmongOthers({ key, at, identities }: Delivered): Update {
  return { filter: { _id: { $in: identities } }, update: [setInEntry(key, { deliveredAt: at }), CLEAR_WHEN_DONE] };
}

type Update = mongoose.mongo.UpdateManyModel<Owing>;

/** All of them with one command; the number of documents that they met. One alone, as most are, costs the driver less as it is. */
async function updateAll(updates: Update[], documents: Documents): Promise<number> {
  const [first] = updates;
  if (!first) return 0;
  if (updates.length === 1) return (await documents.updateMany(first.filter, first.update)).matchedCount;
  const all = updates.map((updateMany) => ({ updateMany }));
  return (await documents.bulkWrite(all, { ordered: false })).matchedCount;
}

async function postpone(documents: Documents, { _id, dueAt: heldUntil = new Date(0) }: Held, failed: readonly FailedDelivery[], after: Date): Promise<void> {
  const notes = failed.map(({ error: lastError, ...note }) => ({ ...note, lastError }));
  const ofEntry = { $first: { $filter: { input: { $literal: notes }, as: "note", cond: { $eq: ["$$note.key", "$$entry.key"] } } } };
  const isHeldStill = { $lte: ["$dueAt", heldUntil] };
  // What came to be owed meanwhile has no time of its own; what was delivered, and is not marked yet, an old one.
  const triedAt = { $cond: [{ $gt: ["$$entry.nextTryAt", after] }, "$$entry.nextTryAt", heldUntil] };
  const dueAgain = { $min: { $map: { input: OPEN, as: "entry", in: triedAt } } };
  const dueAt = { $cond: [isHeldStill, dueAgain, "$dueAt"] };
  await documents.updateOne({ _id }, [inEachEntry({ $mergeObjects: ["$$entry", ofEntry] }), { $set: { dueAt } }, CLEAR_WHEN_DONE]);
}

/** Sets fields in the entry with that key, and leaves the other entries as they are. */
function setInEntry(key: string, fields: Record<string, unknown>) {
  const isEntry = { $eq: ["$$entry.key", { $literal: key }] };
  return inEachEntry({ $cond: [isEntry, { $mergeObjects: ["$$entry", { $literal: fields }] }, "$$entry"] });
}

function inEachEntry(changed: object) {
  return { $set: { outbox: { $map: { input: "$outbox", as: "entry", in: changed } } } };
}

/** A document of which every entry is delivered or dead is not due any more, and nobody's lease. */
const isOpen = { $and: [{ $eq: [{ $type: "$$entry.deliveredAt" }, "missing"] }, { $eq: [{ $type: "$$entry.deadAt" }, "missing"] }] };
const OPEN = { $filter: { input: "$outbox", as: "entry", cond: isOpen } };
const isDone = { $eq: [{ $size: OPEN }, 0] };
const CLEAR_WHEN_DONE = { $set: { dueAt: { $cond: [isDone, "$$REMOVE", "$dueAt"] }, leasedBy: { $cond: [isDone, "$$REMOVE", "$leasedBy"] } } };
