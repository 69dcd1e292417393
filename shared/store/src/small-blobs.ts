import type mongoose from "mongoose";
import type { StoredBlob } from "./blob-store.ts";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { insertTelling } from "./insert-or-find.ts";
import { StoreUnavailable } from "./outage.ts";

/**
 * Contents that fit into one GridFS chunk: one document each, written in batches.
 *
 * Problem: every mail is stored before it is acknowledged. In GridFS that is a file, a chunk and then the name that makes
 * them visible: three documents, and two journaled writes, one after the other. Choice: what is small is its own document,
 * named by its content, in a collection of its own; what waits goes out together, so that all mails of a moment share one
 * write. Where the name is taken, the content is there. Rejected: the content beside the names of large ones, because every
 * sweep would read all of it.
 * Invariant: a content is put only when it is on a majority, journaled.
 */

/** The name of a content that is in GridFS. */
export interface BlobDocument {
  _id: string;
  fileId: mongoose.mongo.ObjectId;
  size: number;
  createdAt: Date;
  /** When somebody last put the same content. */
  usedAt?: Date;
}

/** A content that is small. The sweep finds it by `usedAt`, without reading the content. */
export interface SmallBlobDocument {
  _id: string;
  size: number;
  data: Uint8Array;
  createdAt: Date;
  usedAt: Date;
}

/** Size of a GridFS chunk, and the largest content that is small. */
export const CHUNK_BYTES = 255 * 1024;

/** Batches under way at once: a second one would make both smaller. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** MongoDB takes 48 MB in one command. */
const HEAVIEST_BATCH_BYTES = 8_000_000;
/** It is asked whether a content is known before so many bytes are sent; with less, that costs more than sending them. */
const HEAVY_BYTES = 16_384;

export interface SmallBlob extends StoredBlob {
  bytes: Uint8Array;
}

type SmallBlobs = mongoose.mongo.Collection<SmallBlobDocument>;

/** Stores a small content under its name; see the head of the file. Throws on an outage: then it may or may not be stored. */
export function makeSmallBlobWriter(store: StoreConnection): (blob: SmallBlob) => Promise<void> {
  const blobs = store.db.collection<SmallBlobDocument>(COLLECTIONS.smallBlobs);
  return coalesce<SmallBlob, void>({
    run: async (batch) => {
      await writeBatch(batch, blobs, store.db);
      return batch.map(() => undefined);
    },
    maxInFlight: WRITES_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    weigh: ({ size }) => size,
    maxWeight: HEAVIEST_BATCH_BYTES,
  });
}

async function writeBatch(batch: readonly SmallBlob[], blobs: SmallBlobs, db: mongoose.mongo.Db): Promise<void> {
  const bySha256 = new Map(batch.map((blob) => [blob.sha256, blob]));
  const heavy = [...bySha256.values()].filter(({ size }) => size > HEAVY_BYTES).map(({ sha256 }) => sha256);
  const known = heavy.length === 0 ? new Set() : await keepKnown(heavy, blobs);
  const fresh = [...bySha256.values()].filter(({ sha256 }) => !known.has(sha256));
  if (fresh.length === 0) return;
  const now = new Date();
  const documents = fresh.map(({ sha256: _id, size, bytes: data }): SmallBlobDocument => ({ _id, size, data, createdAt: now, usedAt: now }));
  const taken = await insertTelling(db, documents, blobs.collectionName);
  const standing = fresh.filter((_blob, index) => taken.has(index));
  if (standing.length > 0) await keepStanding(standing, blobs, db);
}

/** What was put before has to stay: it is marked as used, and what a sweep has just taken away is put again. */
async function keepStanding(standing: readonly SmallBlob[], blobs: SmallBlobs, db: mongoose.mongo.Db): Promise<void> {
  const names = standing.map(({ sha256 }) => sha256);
  const kept = await keepKnown(names, blobs);
  const left = standing.filter(({ sha256 }) => !kept.has(sha256));
  if (left.length === 0) return;
  const documents = left.map(({ sha256: _id, size, bytes: data }): SmallBlobDocument => ({ _id, size, data, createdAt: new Date(), usedAt: new Date() }));
  const taken = await insertTelling(db, documents, blobs.collectionName);
  if (taken.size > 0) throw new StoreUnavailable("what stands in the way is not safe yet");
}

/** A mark of use that is younger keeps a sweep away for long enough; a file in many tickets at once is not written for each, ms. */
const FRESH_MS = 3_600_000;

/** Those that are stored already. They are marked as used, so that no sweep takes them before what wants them is stored. */
export async function keepKnown<T extends Known>(names: readonly string[], blobs: mongoose.mongo.Collection<T>): Promise<Set<string>> {
  const known = blobs as unknown as mongoose.mongo.Collection<Known>;
  const found = await known.find({ _id: { $in: [...names] } }, { projection: { createdAt: 1, usedAt: 1 } }).toArray();
  const kept = await Promise.all(found.map(async (blob) => ((await isKept(blob, known)) ? [blob._id] : [])));
  return new Set(kept.flat());
}

type Known = Pick<BlobDocument, "_id" | "createdAt" | "usedAt">;

async function isKept({ _id, createdAt, usedAt }: Known, blobs: mongoose.mongo.Collection<Known>): Promise<boolean> {
  if (Date.now() - (usedAt ?? createdAt).getTime() < FRESH_MS) return true;
  return (await blobs.updateOne({ _id }, { $set: { usedAt: new Date() } })).matchedCount > 0;
}
