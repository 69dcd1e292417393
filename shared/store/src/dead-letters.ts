import type { DeadLetter, RejectionRecord } from "@openticket/contract";
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

/** How long it is remembered that an operator dropped a request, ms: as long as anybody will ask. */
const DROPPED_RETENTION_MS = 90 * 86_400_000;

/** Leaves a rejection where a dead letter stood, so that the request is still accounted for. */
export async function recordDropped(store: StoreConnection, letter: DeadLetter, fingerprint: string): Promise<void> {
  const now = new Date();
  const record: RejectionRecord = {
    _id: letter._id,
    requestId: letter._id,
    fingerprint,
    errors: [{ code: "dropped", message: "The request could not be processed and was given up by the operator" }],
    source: letter.source ?? { channel: "queue" },
    receivedAt: letter.receivedAt,
    rejectedAt: now,
    expiresAt: new Date(now.getTime() + DROPPED_RETENTION_MS),
  };
  const { _id, ...rest } = record;
  await store.db.collection<RejectionRecord>(COLLECTIONS.rejections).replaceOne({ _id }, rest, { upsert: true });
}

/** Forgets that a request was rejected or given up, so that it may be decided again. */
export async function forgetRefusal(store: StoreConnection, requestId: string): Promise<void> {
  const rejections = store.db.collection<RejectionRecord & { alias?: string }>(COLLECTIONS.rejections);
  await rejections.deleteMany({ $or: [{ _id: requestId }, { alias: requestId }] });
  await store.db.collection<DeadLetter>(COLLECTIONS.deadLetters).deleteOne({ _id: requestId });
}
