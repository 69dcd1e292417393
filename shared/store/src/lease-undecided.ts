import type mongoose from "mongoose";
import { inTime } from "./in-time.ts";

/** What waits for its outcome, and is looked at from `checkAt` on; without `checkAt` it is decided. */
export interface Undecided {
  _id: string;
  checkAt?: Date | undefined;
}

/** What nobody has looked at for so long is anybody's, ms: its own workers look at it every ten minutes. */
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Documents that are due for a look, of those that `among` finds or nobody sees to, each due again only after its `leaseMs`. They are taken one by one, so that no two
 * sweeps get the same one; there are few: those of the last seconds, or lost ones.
 */
export function leaseUndecided<T extends Undecided>(...given: Parameters<typeof lease<T>>): Promise<T[]> {
  return inTime(lease(...given));
}

async function lease<T extends Undecided>(
  collection: mongoose.mongo.Collection<T>,
  among: object,
  now: Date,
  leaseMs: (document: T) => number,
  limit: number,
): Promise<T[]> {
  const isAbandoned = { checkAt: { $lte: new Date(now.getTime() - ABANDONED_AFTER_MS) } };
  const isDue = { checkAt: { $lte: now }, $or: [among, isAbandoned] } as mongoose.mongo.Filter<T>;
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
