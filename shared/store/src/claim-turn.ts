import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/** Work that one process of a fleet does now and then. */
export interface Turn {
  /** Names the work. */
  name: string;
  /** How often it is done, ms. */
  everyMs: number;
  now: Date;
}

/** True for one process of the fleet, once in `everyMs`: the work is its own. */
export async function claimTurn(store: StoreConnection, { name, everyMs, now }: Turn): Promise<boolean> {
  const turns = store.db.collection<{ _id: string; sweptAt: Date }>(COLLECTIONS.counters);
  await turns.updateOne({ _id: name }, { $setOnInsert: { sweptAt: new Date(0) } }, { upsert: true });
  const limit = new Date(now.getTime() - everyMs);
  return (await turns.updateOne({ _id: name, sweptAt: { $lte: limit } }, { $set: { sweptAt: now } })).modifiedCount > 0;
}
