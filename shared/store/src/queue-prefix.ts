import type { StoreConnection } from "./connect.ts";

/**
 * Of several queues over one store, told apart by their key prefix in Redis, each one's workers see to what was accepted for
 * it: to others its requests would look lost.
 */
type OfQueue = Pick<StoreConnection, "queuePrefix">;

/** What stands in a document that is accepted for a queue. */
export function forQueue({ queuePrefix }: OfQueue): { queuePrefix?: string } {
  return queuePrefix === undefined ? {} : { queuePrefix };
}

/** Finds what was accepted for that queue, and what says nothing of it, as older versions have written it. */
export function ofQueue({ queuePrefix }: OfQueue): { $or?: { queuePrefix: string | { $exists: false } }[] } {
  return queuePrefix === undefined ? {} : { $or: [{ queuePrefix }, { queuePrefix: { $exists: false } }] };
}
