import { randomUUID } from "node:crypto";
import type mongoose from "mongoose";

/** What is due from `dueAt` on; `leasedBy` names who has taken it last. */
interface Due {
  _id: string;
  dueAt?: Date | undefined;
  leasedBy?: string | undefined;
}

export interface LeaseOptions {
  now: Date;
  leaseMs: number;
  limit: number;
}

/**
 * Takes documents that are due, of those that `among` finds, by moving their due time ahead under a token of this call, the
 * oldest first. Another one's update no longer finds them due, so nothing is handed out twice. No more of them than one answer of
 * MongoDB has, 16 MB, are in memory before `read` has made of each what is kept.
 */
export async function leaseDue<T extends Due, R>(
  documents: mongoose.mongo.Collection<T>,
  among: object,
  { now, leaseMs, limit }: LeaseOptions,
  read: (document: T & { leasedBy: string }) => R,
): Promise<R[]> {
  // Of a collection of a generic type the driver knows no fields.
  const known = documents as unknown as mongoose.mongo.Collection<Due>;
  const isDue = { dueAt: { $lte: now } };
  const due = await known.find({ ...among, ...isDue }, { projection: { _id: 1 }, sort: { dueAt: 1 }, limit }).toArray();
  if (due.length === 0) return [];
  const leasedBy = randomUUID();
  const ids = due.map(({ _id }) => _id);
  await known.updateMany({ _id: { $in: ids }, ...isDue }, { $set: { dueAt: new Date(now.getTime() + leaseMs), leasedBy } });
  return known
    .find({ _id: { $in: ids }, leasedBy })
    .map((document) => read(document as unknown as T & { leasedBy: string }))
    .toArray();
}
