import type { DeadLetter } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/** Requests that were given up, kept until an operator decides. */
export interface DeadLetterStore {
  /** Keeps it, in place of an earlier one of the same request. */
  bury(letter: DeadLetter): Promise<void>;
  find(requestId: string): Promise<DeadLetter | undefined>;
  remove(requestId: string): Promise<boolean>;
}

/** Dead letters in MongoDB: they outlive Redis. */
export function makeMongoDeadLetters(store: StoreConnection): DeadLetterStore {
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  return {
    bury: async ({ _id, ...letter }) => void (await letters.replaceOne({ _id }, letter, { upsert: true })),
    find: async (requestId) => (await letters.findOne({ _id: requestId })) ?? undefined,
    remove: async (requestId) => (await letters.deleteOne({ _id: requestId })).deletedCount > 0,
  };
}
