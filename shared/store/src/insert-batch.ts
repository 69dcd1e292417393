import type mongoose from "mongoose";
import { DUPLICATE_KEY } from "./duplicate-key.ts";
import { type InsertFailure, insertUnordered } from "./insert-unordered.ts";
import { without } from "./look-up.ts";
import { isStoreOutage, StoreUnavailable } from "./outage.ts";
import { MOST_LOSSES, namesInUse } from "./taken-names.ts";
import type { Stored } from "./ticket-documents.ts";

/** One unordered write of many documents, and its answer for each of them; see ticket-committer.ts for the whole. */

/** A document whose fate is not known yet, and its place in the batch that it came with. */
export interface Pending<D> {
  document: D;
  place: number;
  /** Rounds of new numbers so far. */
  rounds: number;
  /** Times that its identity was taken and nothing was found under it. */
  losses?: number;
}

export interface Written<D> {
  stored: Pending<D>[];
  taken: { identity: Pending<D>[]; number: Pending<D>[] };
  refused: { item: Pending<D>; error: Error }[];
}

/** Tickets or replies. */
type Document = Stored & { _id: string };

/** Writes once. Throws on an outage: then nothing is known of any of them. */
export async function insertBatch<D extends Document>(items: readonly Pending<D>[], db: mongoose.mongo.Db, collection: string): Promise<Written<D>> {
  try {
    const documents = items.map(({ document }) => document);
    return sortAnswers(items, await insertUnordered(db, collection, documents));
  } catch (error) {
    if (isStoreOutage(error)) throw error;
    return writeHalves(items, db, collection, error);
  }
}

/** A batch that failed as a whole, not for an outage: one document spoils it, and is found by halving. */
async function writeHalves<D extends Document>(items: readonly Pending<D>[], db: mongoose.mongo.Db, collection: string, cause: unknown): Promise<Written<D>> {
  const [only] = items;
  if (items.length === 1 && only) return { stored: [], taken: { identity: [], number: [] }, refused: [{ item: only, error: asError(cause) }] };
  const middle = Math.ceil(items.length / 2);
  const [a, b] = [await insertBatch(items.slice(0, middle), db, collection), await insertBatch(items.slice(middle), db, collection)];
  return {
    stored: [...a.stored, ...b.stored],
    taken: { identity: [...a.taken.identity, ...b.taken.identity], number: [...a.taken.number, ...b.taken.number] },
    refused: [...a.refused, ...b.refused],
  };
}

/** What was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Each document's own answer. */
function sortAnswers<D>(items: readonly Pending<D>[], failures: ReadonlyMap<number, InsertFailure>): Written<D> {
  if (failures.size === 0) return { stored: [...items], taken: { identity: [], number: [] }, refused: [] };
  const written: Written<D> = { stored: [], taken: { identity: [], number: [] }, refused: [] };
  for (const [index, item] of items.entries()) {
    const failure = failures.get(index);
    if (!failure) written.stored.push(item);
    else if (failure.code !== DUPLICATE_KEY) written.refused.push({ item, error: new Error(failure.message) });
    else (failure.index === "_id_" ? written.taken.identity : written.taken.number).push(item);
  }
  return written;
}

/** What stands under the identities of these documents, as a majority sees it; without the fields `leftOut`, as of many they may be large. */
export async function findStanding<D extends Document, F extends keyof D>(
  items: readonly Pending<D>[],
  collection: mongoose.mongo.Collection<D>,
  leftOut: readonly F[],
): Promise<Map<Pending<D>, Omit<D, F>>> {
  if (items.length === 0) return new Map();
  const filter = { _id: { $in: items.map(({ document }) => document._id) } } as mongoose.mongo.Filter<D>;
  const documents = await collection.find(filter, without(leftOut)).toArray();
  const standing = new Map(documents.map((document) => [String(document._id), document as unknown as Omit<D, F>]));
  return new Map(
    items.flatMap((item) => {
      const document = standing.get(item.document._id);
      return document ? [[item, document]] : [];
    }),
  );
}

/**
 * Of documents whose identity is taken and of which nothing could be read: those to go on with, because what is there has no
 * majority yet, or was removed in that moment; and those of which there was nothing too often.
 */
export async function sortUnread<D extends Document>(
  items: readonly Pending<D>[],
  collection: mongoose.mongo.Collection<D>,
): Promise<{ unsafe: Pending<D>[]; again: Pending<D>[]; lost: Pending<D>[] }> {
  const inUse = await namesInUse(
    items.map(({ document }) => document._id),
    collection,
  );
  const gone = items.filter(({ document }) => !inUse.has(document._id)).map((item) => ({ ...item, losses: (item.losses ?? 0) + 1 }));
  return {
    unsafe: items.filter(({ document }) => inUse.has(document._id)),
    again: gone.filter(({ losses }) => losses < MOST_LOSSES),
    lost: gone.filter(({ losses }) => losses >= MOST_LOSSES),
  };
}

/** How long a batch whose fate is unknown is tried again, ms; below a job's lock, which is renewed meanwhile. */
export const PATIENCE_MS = 20_000;
const RETRY_DELAY_MS = 200;
/** How long such a batch may take in all, ms: its last try may take as long as an operation may. */
export const COMMIT_TIMEOUT_MS = 60_000;

export interface Patience {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Waits before the next try, or throws {@link StoreUnavailable} after the deadline. */
export async function pauseOrGiveUp(deadlineMs: number, { nowMs, sleep }: Patience, cause: unknown): Promise<void> {
  if (nowMs() > deadlineMs) throw new StoreUnavailable(`not known to be stored after ${PATIENCE_MS} ms`, { cause });
  await sleep(RETRY_DELAY_MS);
}
