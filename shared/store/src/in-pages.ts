import type mongoose from "mongoose";

/** How many documents a page has, what of them, and when there is to be no further one. */
export interface Pages {
  size: number;
  projection?: object;
  stopped?: AbortSignal;
  goesOn?(): Promise<boolean>;
}

/**
 * What is found, in the order of its names, so many at a time; each page is asked for by the last name of the one before. What is
 * done with a page may take as long as it likes: a cursor that nobody asks for half an hour is ended by MongoDB.
 */
export async function* inPages<T extends { _id: unknown }>(
  collection: mongoose.mongo.Collection<T>,
  filter: object,
  { size, projection, stopped, goesOn = async () => true }: Pages,
): AsyncGenerator<mongoose.mongo.WithId<T>[]> {
  let after: object = {};
  while (!stopped?.aborted && (await goesOn())) {
    const found = { $and: [filter, after] } as mongoose.mongo.Filter<T>;
    const page = await collection.find(found, { sort: { _id: 1 }, limit: size, ...(projection && { projection }) }).toArray();
    if (page.length > 0) yield page;
    if (page.length < size) return;
    after = { _id: { $gt: page.at(-1)?._id } };
  }
}
