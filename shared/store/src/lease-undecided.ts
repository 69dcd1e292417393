import type mongoose from "mongoose";
import { inTime } from "./in-time.ts";

/** What waits for its outcome, and is looked at from `checkAt` on; without `checkAt` it is decided. */
export interface Undecided {
  _id: string;
  checkAt?: Date | undefined;
}

/**
 * Documents that are due for a look, each due again only after its `leaseMs`. They are taken one by one, so that no two
 * sweeps get the same one; there are few: those of the last seconds, or lost ones.
 */
export function leaseUndecided<T extends Undecided>(
  collection: mongoose.mongo.Collection<T>,
  now: Date,
  leaseMs: (document: T) => number,
  limit: number,
): Promise<T[]> {
  return inTime(lease(collection, now, leaseMs, limit));
}

async function lease<T extends Undecided>(collection: mongoose.mongo.Collection<T>, now: Date, leaseMs: (document: T) => number, limit: number): Promise<T[]> {
  const isDue = { checkAt: { $lte: now } } as mongoose.mongo.Filter<T>;
  const due = (await collection.find(isDue, { sort: { checkAt: 1 }, limit }).toArray()) as unknown as T[];
  const leased = await Promise.all(
    due.map((document) => {
      const update = { $set: { checkAt: new Date(now.getTime() + leaseMs(document)) } } as unknown as mongoose.mongo.UpdateFilter<T>;
      // Two sweeps that found the same one: the second no longer finds it due at that time.
      const isStillDue = { _id: document._id, checkAt: document.checkAt } as mongoose.mongo.Filter<T>;
      return collection.findOneAndUpdate(isStillDue, update, { returnDocument: "after" }) as Promise<T | null>;
    }),
  );
  return leased.filter((document) => document !== null);
}
