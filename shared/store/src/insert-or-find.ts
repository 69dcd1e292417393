import mongoose from "mongoose";
import { DUPLICATE_KEY } from "./id-blocks.ts";

/**
 * Inserts documents with one write, and gives back for each place the document that had the same `_id` already, or
 * undefined where this one was put in. Throws where the outcome is not known.
 */
export async function insertOrFind<T extends { _id: string }>(documents: readonly T[], collection: mongoose.mongo.Collection<T>): Promise<(T | undefined)[]> {
  const taken = new Set<number>();
  try {
    await collection.insertMany(documents as mongoose.mongo.OptionalUnlessRequiredId<T>[], { ordered: false });
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
    const failures = [error.writeErrors].flat();
    if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    for (const { index } of failures) taken.add(index);
  }
  if (taken.size === 0) return documents.map(() => undefined);
  const names = documents.filter((_document, index) => taken.has(index)).map(({ _id }) => _id);
  const filter = { _id: { $in: names } } as mongoose.mongo.Filter<T>;
  const standing = new Map((await collection.find(filter).toArray()).map((document) => [String(document._id), document as unknown as T]));
  return documents.map(({ _id }, index) => (taken.has(index) ? standing.get(_id) : undefined));
}
