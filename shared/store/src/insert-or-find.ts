import type mongoose from "mongoose";
import { DUPLICATE_KEY } from "./duplicate-key.ts";
import { insertUnordered } from "./insert-unordered.ts";
import { without } from "./look-up.ts";
import { isStoreOutage, StoreUnavailable } from "./outage.ts";
import { MOST_LOSSES, NothingUnderName, namesInUse } from "./taken-names.ts";

/**
 * What had the same `_id` already; undefined: this one was put in; an error: what is in the way cannot be read. Either no majority
 * has it yet, so that it may still be rolled back and neither of the two be there; it may be this very one. Or there is nothing.
 */
export type Standing<T> = T | undefined | StoreUnavailable | NothingUnderName;

/**
 * Inserts documents with one write, and gives back what stands in each place. `isSame` tells a document that this very call
 * has put in, by a first try whose answer was lost. What stands is read without the fields `leftOut`: of many they may be large.
 */
export async function insertOrFind<T extends { _id: string }, F extends keyof T = never>(
  db: mongoose.mongo.Db,
  documents: readonly T[],
  collection: mongoose.mongo.Collection<T>,
  isSame: (stored: Omit<T, F>, document: T) => boolean,
  leftOut: readonly F[] = [],
): Promise<Standing<Omit<T, F>>[]> {
  const standing = await tryOnce(db, documents, collection, isSame, leftOut);
  for (let losses = 1; losses < MOST_LOSSES; losses++) {
    const places = documents.flatMap((_document, index) => (standing[index] instanceof NothingUnderName ? index : []));
    if (places.length === 0) return standing;
    const lost = documents.filter((_document, index) => places.includes(index));
    const again = await tryOnce(db, lost, collection, isSame, leftOut);
    for (const [index, place] of places.entries()) standing[place] = again[index];
  }
  return standing;
}

async function tryOnce<T extends { _id: string }, F extends keyof T>(
  db: mongoose.mongo.Db,
  documents: readonly T[],
  collection: mongoose.mongo.Collection<T>,
  isSame: (stored: Omit<T, F>, document: T) => boolean,
  leftOut: readonly F[],
): Promise<Standing<Omit<T, F>>[]> {
  const taken = await insert(db, documents, collection.collectionName);
  if (taken.size === 0) return documents.map(() => undefined);
  const names = documents.filter((_document, index) => taken.has(index)).map(({ _id }) => _id);
  const filter = { _id: { $in: names } } as mongoose.mongo.Filter<T>;
  const found = await collection.find(filter, without(leftOut)).toArray();
  const standing = new Map(found.map((document) => [String(document._id), document as unknown as Omit<T, F>]));
  const unsafe = await namesInUse(
    names.filter((name) => !standing.has(name)),
    collection,
  );
  const seen = new Set<string>();
  return documents.map((document, index) => {
    // Of several that came together, one was put in.
    const isFirst = !seen.has(document._id);
    seen.add(document._id);
    if (!taken.has(index)) return undefined;
    const stored = standing.get(document._id);
    if (!stored) return unsafe.has(document._id) ? new StoreUnavailable("what stands in the way is not safe yet") : new NothingUnderName();
    return isFirst && isSame(stored, document) ? undefined : stored;
  });
}

/** Places of the documents whose `_id` is taken. Tried twice, so that a change of the primary is not seen by everybody. */
async function insert(db: mongoose.mongo.Db, documents: readonly object[], collection: string): Promise<Set<number>> {
  const failures = await insertUnordered(db, collection, documents).catch((error: unknown) => {
    if (!isStoreOutage(error)) throw error;
    return insertUnordered(db, collection, documents);
  });
  const refused = [...failures.values()].find(({ code }) => code !== DUPLICATE_KEY);
  if (refused) throw new Error(refused.message);
  return new Set(failures.keys());
}
