import mongoose from "mongoose";
import { DUPLICATE_KEY } from "./id-blocks.ts";
import { StoreUnavailable } from "./outage.ts";

/**
 * Inserts documents with one write, and gives back for each place the document that had the same `_id` already, or
 * undefined where this one was put in. Throws where the outcome is not known: a document that is in the way and that no
 * majority has may still be rolled back, so that neither of the two would be there.
 */
export async function insertOrFind<T extends { _id: string }>(documents: readonly T[], collection: mongoose.mongo.Collection<T>): Promise<(T | undefined)[]> {
  const taken = await insert(documents, collection);
  if (taken.size === 0) return documents.map(() => undefined);
  const names = documents.filter((_document, index) => taken.has(index)).map(({ _id }) => _id);
  const filter = { _id: { $in: names } } as mongoose.mongo.Filter<T>;
  const standing = new Map((await collection.find(filter).toArray()).map((document) => [String(document._id), document as unknown as T]));
  if (names.some((name) => !standing.has(name))) throw new StoreUnavailable("what stands in the way is not safe yet");
  return documents.map(({ _id }, index) => (taken.has(index) ? standing.get(_id) : undefined));
}

/** Places of the documents whose `_id` was taken. */
async function insert<T extends { _id: string }>(documents: readonly T[], collection: mongoose.mongo.Collection<T>): Promise<ReadonlySet<number>> {
  try {
    await collection.insertMany(documents as mongoose.mongo.OptionalUnlessRequiredId<T>[], { ordered: false });
    return new Set();
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
    const failures = [error.writeErrors].flat();
    if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return new Set(failures.map(({ index }) => index));
  }
}
