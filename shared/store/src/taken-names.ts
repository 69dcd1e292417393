import type mongoose from "mongoose";

/**
 * Of what use it is to look again for a document whose name is taken and under which a majority's reader finds nothing.
 *
 * It may have no majority yet: then it is read soon, or rolled back. Where nothing is found at all it was removed in that
 * moment, and the name is free for the next try. Or the store keeps the name as another one: then there is nothing each time, which
 * is a fault of this one document, and the others must not wait.
 */
export class NothingUnderName extends Error {
  override name = "NothingUnderName";
  constructor() {
    super("its name is taken, and nothing is found under it");
  }
}

/** So often a name may be taken and nothing be found under it: requests that fight for one key take their documents out again. */
export const MOST_LOSSES = 8;

/** Those of these names that a document has, safe or not. */
export async function namesInUse<D extends { _id: string }>(names: readonly string[], collection: mongoose.mongo.Collection<D>): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const filter = { _id: { $in: names } } as mongoose.mongo.Filter<D>;
  const found = await collection.find(filter, { projection: { _id: 1 }, readConcern: { level: "local" } }).toArray();
  return new Set(found.map(({ _id }) => String(_id)));
}
