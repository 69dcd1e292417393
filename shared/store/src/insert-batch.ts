import mongoose from "mongoose";
import { DUPLICATE_KEY } from "./id-blocks.ts";
import { isStoreOutage, StoreUnavailable } from "./outage.ts";
import type { Stored } from "./ticket-documents.ts";

/** One unordered write of many documents, and its answer for each of them; see ticket-committer.ts for the whole. */

/** A document whose fate is not known yet, and its place in the batch that it came with. */
export interface Pending<D> {
  document: D;
  place: number;
  /** Rounds of new numbers so far. */
  rounds: number;
}

export interface Written<D> {
  stored: Pending<D>[];
  taken: { identity: Pending<D>[]; number: Pending<D>[] };
  refused: { item: Pending<D>; error: Error }[];
}

/** Tickets or replies. */
type Document = Stored & { _id: string };
type Collection<D extends Document> = mongoose.mongo.Collection<D>;

/** Writes once. Throws on an outage: then nothing is known of any of them. */
export async function insertBatch<D extends Document>(items: readonly Pending<D>[], collection: Collection<D>): Promise<Written<D>> {
  const documents = items.map(({ document }) => document) as mongoose.mongo.OptionalUnlessRequiredId<D>[];
  try {
    if (documents.length === 1 && documents[0]) await collection.insertOne(documents[0]);
    if (documents.length > 1) await collection.insertMany(documents, { ordered: false });
    return { stored: [...items], taken: { identity: [], number: [] }, refused: [] };
  } catch (error) {
    const failures = failuresOf(error);
    if (failures) return sortAnswers(items, failures, error);
    if (isStoreOutage(error)) throw error;
    return writeHalves(items, collection, error);
  }
}

/** A batch that failed as a whole, not for an outage: one document spoils it, and is found by halving. */
async function writeHalves<D extends Document>(items: readonly Pending<D>[], collection: Collection<D>, cause: unknown): Promise<Written<D>> {
  const [only] = items;
  if (items.length === 1 && only) return { stored: [], taken: { identity: [], number: [] }, refused: [{ item: only, error: asError(cause) }] };
  const middle = Math.ceil(items.length / 2);
  const [a, b] = [await insertBatch(items.slice(0, middle), collection), await insertBatch(items.slice(middle), collection)];
  return {
    stored: [...a.stored, ...b.stored],
    taken: { identity: [...a.taken.identity, ...b.taken.identity], number: [...a.taken.number, ...b.taken.number] },
    refused: [...a.refused, ...b.refused],
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Each document's own answer out of a write that failed in part. */
function sortAnswers<D>(items: readonly Pending<D>[], failures: ReadonlyMap<number, Failure>, error: unknown): Written<D> {
  const written: Written<D> = { stored: [], taken: { identity: [], number: [] }, refused: [] };
  for (const [index, item] of items.entries()) {
    const failure = failures.get(index);
    if (!failure) written.stored.push(item);
    else if (failure.code !== DUPLICATE_KEY) written.refused.push({ item, error: new Error(failure.message, { cause: error }) });
    else (failure.index === "_id_" ? written.taken.identity : written.taken.number).push(item);
  }
  return written;
}

interface Failure {
  code: number;
  message: string;
  index: string | undefined;
}

/** Failures by place. Undefined when the answer is not about single documents, or not yet safe on a majority. */
function failuresOf(error: unknown): Map<number, Failure> | undefined {
  if (error instanceof mongoose.mongo.MongoBulkWriteError) {
    const failures = [error.writeErrors].flat();
    if (failures.length === 0 || error.result.getWriteConcernError()) return undefined;
    return new Map(failures.map(({ index, code, errmsg = "" }) => [index, { code, message: errmsg, index: indexNameIn(errmsg) }]));
  }
  const isOwn = error instanceof mongoose.mongo.MongoServerError && error.code === DUPLICATE_KEY;
  return isOwn ? new Map([[0, { code: DUPLICATE_KEY, message: error.message, index: indexNameIn(error.message) }]]) : undefined;
}

function indexNameIn(message: string): string | undefined {
  return /index: (\S+) dup key/.exec(message)?.[1];
}

/** What stands under the identities of these documents, as a majority sees it. */
export async function findStanding<D extends Document>(items: readonly Pending<D>[], collection: Collection<D>): Promise<Map<Pending<D>, D>> {
  if (items.length === 0) return new Map();
  const filter = { _id: { $in: items.map(({ document }) => document._id) } } as mongoose.mongo.Filter<D>;
  const standing = new Map((await collection.find(filter).toArray()).map((document) => [String(document._id), document as unknown as D]));
  return new Map(
    items.flatMap((item) => {
      const document = standing.get(item.document._id);
      return document ? [[item, document]] : [];
    }),
  );
}

/** How long a batch whose fate is unknown is tried again, ms; below a job's lock, which is renewed meanwhile. */
export const PATIENCE_MS = 20_000;
const RETRY_DELAY_MS = 200;

export interface Patience {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Waits before the next try, or throws {@link StoreUnavailable} after the deadline. */
export async function pauseOrGiveUp(deadlineMs: number, { nowMs, sleep }: Patience, cause: unknown): Promise<void> {
  if (nowMs() > deadlineMs) throw new StoreUnavailable(`not known to be stored after ${PATIENCE_MS} ms`, { cause });
  await sleep(RETRY_DELAY_MS);
}
