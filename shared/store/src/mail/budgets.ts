import type mongoose from "mongoose";
import { coalesce } from "../coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";

/** How many mails count against a key in a window. Several workers share the count. */
export interface MailBudgets {
  /** The place of this mail among them, from 1, at most `most` + 1; the same mail always has the same place. */
  spend(key: string, inboundId: string, window: BudgetWindow): Promise<number>;
}

export interface BudgetWindow {
  start: Date;
  ms: number;
  most: number;
}

interface BudgetDocument {
  _id: string;
  /** Mails of this window, at most one more than are allowed. */
  ids: string[];
  expiresAt: Date;
}

interface Spending {
  _id: string;
  inboundId: string;
  most: number;
  expiresAt: Date;
}

const LARGEST_BATCH = 500;
const WRITES_IN_FLIGHT = 2;
/** Longest key that is kept as it is, in characters. */
const MAX_KEY = 400;

/**
 * Counts by the names of the mails, so that a mail that is decided again counts once. A count that a failover of the
 * store loses lets a few mails more pass: that is cheaper than a majority for each.
 */
export function makeMongoBudgets(store: StoreConnection): MailBudgets {
  const budgets = store.db.collection<BudgetDocument>(COLLECTIONS.mailBudgets, { writeConcern: { w: 1 }, readConcern: { level: "local" } });
  const spend = coalesce<Spending, number>({ run: (batch) => spendBatch(batch, budgets), maxInFlight: WRITES_IN_FLIGHT, maxBatch: LARGEST_BATCH });
  return {
    spend(key, inboundId, { start, ms, most }) {
      const expiresAt = new Date(start.getTime() + 2 * ms);
      return spend({ _id: `${key.slice(0, MAX_KEY)}|${start.toISOString()}`, inboundId, most, expiresAt });
    },
  };
}

async function spendBatch(batch: readonly Spending[], budgets: mongoose.mongo.Collection<BudgetDocument>): Promise<number[]> {
  // Ordered: two mails of one sender may be the ones that make the document.
  const { upsertedIds } = await budgets.bulkWrite(
    batch.map(({ _id, inboundId, most, expiresAt }) => ({ updateOne: { filter: { _id }, update: countIn(inboundId, most, expiresAt), upsert: true } })),
    { ordered: true },
  );
  // Who made the document is the first, which most are: only the others have to be looked for.
  const isFirst = (index: number) => index in upsertedIds;
  const names = [...new Set(batch.filter((_spending, index) => !isFirst(index)).map(({ _id }) => _id))];
  const documents = names.length === 0 ? [] : await budgets.find({ _id: { $in: names } }).toArray();
  const found = new Map(documents.map(({ _id, ids }) => [_id, ids]));
  return batch.map(({ _id, inboundId, most }, index) => (isFirst(index) ? 1 : placeOf(inboundId, found.get(_id) ?? [], most)));
}

/**
 * The place of a mail among those that were counted. One that is not there was not counted because there were enough; or
 * a failover between the write and the read has lost its count, and then it comes behind the others.
 */
export function placeOf(inboundId: string, ids: readonly string[], most: number): number {
  const index = ids.indexOf(inboundId);
  return (index === -1 ? Math.min(ids.length, most) : index) + 1;
}

/** Puts the mail behind the others unless it is there, or there are enough to know. */
function countIn(inboundId: string, most: number, expiresAt: Date) {
  const ids = { $ifNull: ["$ids", []] };
  const isDone = { $or: [{ $in: [{ $literal: inboundId }, ids] }, { $gt: [{ $size: ids }, most] }] };
  return [{ $set: { expiresAt, ids: { $cond: [isDone, ids, { $concatArrays: [ids, [{ $literal: inboundId }]] }] } } }];
}
