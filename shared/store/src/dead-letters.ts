import { hash } from "node:crypto";
import { type DeadLetter, LIMITS, type RejectionRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { inTime } from "./in-time.ts";
import { rejectionGuardOf } from "./mongo-rejections.ts";
import { StoreUnavailable } from "./outage.ts";
import type { TicketDocument } from "./ticket-documents.ts";

/** Requests that were given up, kept until an operator decides. */
export interface DeadLetterStore {
  /** Keeps it, in place of an earlier one of the same request; one that asked for something else is set aside under a name of its own. */
  bury(letter: DeadLetter): Promise<void>;
  find(requestId: string): Promise<DeadLetter | undefined>;
  /** The requests of all of them, or of those with that cause, the oldest letter first. */
  requestIds(filter: { code?: string | undefined }): Promise<string[]>;
  /** Removes this letter; one that came for the same request since stays. */
  remove(letter: Pick<DeadLetter, "_id" | "diedAt">): Promise<boolean>;
  /** Removes letters of requests that have come to a ticket, a reply or a rejection since; their number. */
  removeDecided(): Promise<number>;
}

/** Dead letters in MongoDB: they outlive Redis. */
export function makeMongoDeadLetters(store: StoreConnection): DeadLetterStore {
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  return {
    bury: (letter) => inTime(bury(letter, letters)),
    find: async (requestId) => (await inTime(letters.findOne({ _id: requestId }))) ?? undefined,
    requestIds: (filter) => requestIds(letters, filter),
    remove: async ({ _id, diedAt }) => (await inTime(letters.deleteOne({ _id, diedAt }))).deletedCount > 0,
    removeDecided: () => inTime(removeDecided(letters)),
  };
}

/** Looks at what others bury under the same name at the same moment, before it is left for a later try. */
const LOOKS = 5;

async function bury(letter: DeadLetter, letters: mongoose.mongo.Collection<DeadLetter>): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    try {
      return await replaceAsSeen(letter, await letters.findOne({ _id: letter._id }), letters);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }
  throw new StoreUnavailable("others bury a letter of the same request at this moment");
}

/** Meets the unique index where something else stands there by now. */
async function replaceAsSeen(letter: DeadLetter, standing: DeadLetter | null, letters: mongoose.mongo.Collection<DeadLetter>): Promise<void> {
  if (!standing) return void (await letters.insertOne(letter));
  const { _id, ...content } = standing;
  const { fingerprint } = content;
  if (fingerprint !== undefined && !askedBy(letter).includes(fingerprint))
    await letters.replaceOne({ _id: nameAside(_id, fingerprint) }, content, { upsert: true });
  const { _id: _same, ...next } = letter;
  await letters.replaceOne({ _id, diedAt: standing.diedAt }, next, { upsert: true });
  // One that asked for the same may have been set aside for what stood here: replayed beside it, both would be carried out.
  for (const asked of askedBy(letter)) await letters.deleteOne({ _id: nameAside(_id, asked), fingerprint: asked });
}

/** What stands for that which a letter asks for: as it was read, and as it was written. */
function askedBy({ fingerprint, dataFingerprint }: DeadLetter): string[] {
  return [...new Set([fingerprint, dataFingerprint])].filter((asked) => asked !== undefined);
}

/** Hex digits of its fingerprint that name a letter beside others of its request; of the whole, where that would be too long. */
const NAMED_BY = 8;
const LONG_NAMED_BY = 32;

/** A name that a request can have. */
function nameAside(requestId: string, fingerprint: string): string {
  const name = `${requestId}~${fingerprint.slice(0, NAMED_BY)}`;
  if (name.length <= LIMITS.idLength) return name;
  return `${requestId.slice(0, LIMITS.idLength - LONG_NAMED_BY - 1).toWellFormed()}~${hash("sha256", name).slice(0, LONG_NAMED_BY)}`;
}

async function requestIds(letters: mongoose.mongo.Collection<DeadLetter>, { code }: { code?: string | undefined }): Promise<string[]> {
  // Without what may be large before they are sorted.
  const found = letters.aggregate<{ _id: string }>([
    { $match: code === undefined ? {} : { code } },
    { $project: { diedAt: 1 } },
    { $sort: { diedAt: 1, _id: 1 } },
  ]);
  return (await found.toArray()).map(({ _id }) => _id);
}

async function removeDecided(letters: mongoose.mongo.Collection<DeadLetter>): Promise<number> {
  const decided = await letters.aggregate<Pick<DeadLetter, "_id" | "diedAt">>(lettersOfDecided()).toArray();
  const removals = await Promise.all(decided.map(({ _id, diedAt }) => letters.deleteOne({ _id, diedAt })));
  return removals.reduce((sum, { deletedCount }) => sum + deletedCount, 0);
}

/** Letters whose request has a ticket, a reply or a final rejection, under its identity or under its requester's own name. */
export function lettersOfDecided(): Record<string, unknown>[] {
  const looks = [COLLECTIONS.tickets, COLLECTIONS.replies, COLLECTIONS.rejections].flatMap((from) =>
    ["_id", "alias"].map((foreignField) => ({
      $lookup: { from, localField: "_id", foreignField, as: `${from}_${foreignField}`, pipeline: [IS_FINAL, { $project: { _id: 1 } }] },
    })),
  );
  const found = looks.map(({ $lookup }) => ({ [`${$lookup.as}.0`]: { $exists: true } }));
  return [{ $project: { diedAt: 1 } }, ...looks, { $match: { $or: found } }, { $project: { diedAt: 1 } }];
}

/** Leaves out rejections that are only proposed. */
export const IS_FINAL = { $match: { isProposed: { $exists: false } } };

/** How long it is remembered that an operator dropped a request, ms: as long as anybody will ask. */
const DROPPED_RETENTION_MS = 90 * 86_400_000;

/** Leaves a rejection where a dead letter stood, so that the request is still accounted for; none where it has come to something since. */
export async function recordDropped(
  store: StoreConnection,
  letter: DeadLetter,
  { identity, fingerprint }: { identity: string; fingerprint: string },
): Promise<void> {
  if (await store.db.collection<TicketDocument>(COLLECTIONS.tickets).findOne({ alias: letter._id })) return;
  const now = new Date();
  const record: RejectionRecord = {
    _id: identity,
    requestId: letter._id,
    fingerprint,
    errors: [{ code: "dropped", message: "The request could not be processed and was given up by the operator" }],
    source: letter.source ?? { channel: "queue" },
    receivedAt: letter.receivedAt,
    rejectedAt: now,
    expiresAt: new Date(now.getTime() + DROPPED_RETENTION_MS),
  };
  const [kept] = await rejectionGuardOf(store).rejectBatch([record]);
  if (kept instanceof Error) throw kept;
}

/** Forgets that a request was rejected or given up, so that it may be decided again. */
export async function forgetRefusal(store: StoreConnection, requestId: string): Promise<void> {
  const rejections = store.db.collection<RejectionRecord & { alias?: string }>(COLLECTIONS.rejections);
  await rejections.deleteMany({ $or: [{ _id: requestId }, { alias: requestId }] });
  await store.db.collection<DeadLetter>(COLLECTIONS.deadLetters).deleteOne({ _id: requestId });
}
