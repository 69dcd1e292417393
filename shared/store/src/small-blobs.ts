import mongoose from "mongoose";
import type { StoredBlob } from "./blob-store.ts";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { insertOrFind } from "./insert-or-find.ts";

/**
 * Contents that fit into one GridFS chunk, written in batches.
 *
 * Problem: every mail is stored before it is acknowledged, and a file of its own costs three journaled writes, one after
 * the other. Choice: what waits goes out together, files and chunks side by side, then the names that make them visible;
 * so the three writes are shared by all mails of a moment. The documents are those that GridFS itself writes.
 * Invariant: a name stands in `blobs` only when its file and chunk are on a majority, journaled.
 */

export interface BlobDocument {
  _id: string;
  fileId: mongoose.mongo.ObjectId;
  size: number;
  createdAt: Date;
  /** When somebody last put the same content. */
  usedAt?: Date;
}

/** Size of a GridFS chunk, and the largest content that is small. */
export const CHUNK_BYTES = 255 * 1024;

/** Batches under way at once: a second one would make both smaller. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Chunks travel by the driver's `insertMany`, of which MongoDB takes 48 MB at once. */
const HEAVIEST_BATCH_BYTES = 8_000_000;

export interface SmallBlob extends StoredBlob {
  bytes: Uint8Array;
}

type Blobs = mongoose.mongo.Collection<BlobDocument>;
interface FileDocument {
  _id: mongoose.mongo.ObjectId;
  length: number;
  chunkSize: number;
  uploadDate: Date;
  filename: string;
}
interface ChunkDocument {
  files_id: mongoose.mongo.ObjectId;
  n: number;
  data: Uint8Array;
}
interface Collections {
  db: mongoose.mongo.Db;
  blobs: Blobs;
  files: mongoose.mongo.Collection<FileDocument>;
  chunks: mongoose.mongo.Collection<ChunkDocument>;
}

/** Stores a small content under its name; see the head of the file. Throws on an outage: then it may or may not be stored. */
export function makeSmallBlobWriter(store: StoreConnection): (blob: SmallBlob) => Promise<void> {
  const collections: Collections = {
    db: store.db,
    blobs: store.db.collection(COLLECTIONS.blobs),
    files: store.db.collection(COLLECTIONS.blobFiles),
    chunks: store.db.collection(COLLECTIONS.blobChunks),
  };
  return coalesce<SmallBlob, void>({
    run: (batch) => writeBatch(batch, collections),
    maxInFlight: WRITES_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    weigh: ({ size }) => size,
    maxWeight: HEAVIEST_BATCH_BYTES,
  });
}

async function writeBatch(batch: readonly SmallBlob[], collections: Collections): Promise<(undefined | Error)[]> {
  const bySha256 = new Map(batch.map((blob) => [blob.sha256, blob]));
  const known = await keepKnown([...bySha256.keys()], collections.blobs);
  const fresh = [...bySha256.values()].filter(({ sha256 }) => !known.has(sha256));
  const faults = fresh.length > 0 ? await writeNew(fresh, collections) : undefined;
  return batch.map(({ sha256 }) => faults?.get(sha256));
}

/** By their SHA-256: why some of them may not be there. */
async function writeNew(fresh: readonly SmallBlob[], { db, blobs, files, chunks }: Collections): Promise<Map<string, Error | undefined>> {
  const now = new Date();
  const named = fresh.map(({ sha256, size }): BlobDocument => ({ _id: sha256, fileId: new mongoose.mongo.ObjectId(), size, createdAt: now }));
  const fileOf = ({ fileId, size }: BlobDocument): FileDocument => ({ _id: fileId, length: size, chunkSize: CHUNK_BYTES, uploadDate: now, filename: "blob" });
  const filled = fresh.flatMap(({ bytes, size }, index): ChunkDocument[] => {
    const blob = named[index];
    return blob && size > 0 ? [{ files_id: blob.fileId, n: 0, data: bytes }] : [];
  });
  await Promise.all([files.insertMany(named.map(fileOf), { ordered: false }), filled.length > 0 ? chunks.insertMany(filled, { ordered: false }) : undefined]);
  const standing = await insertOrFind(db, named, blobs, (stored, { fileId }) => stored.fileId.equals(fileId));
  const faultIn = (index: number) => (standing[index] instanceof Error ? standing[index] : undefined);
  // Whoever came second removes its copy. Where it is not known who was first, both stay: a sweep takes what nothing names.
  const lost = named.filter((_blob, index) => standing[index] && !faultIn(index)).map(({ fileId }) => fileId);
  if (lost.length > 0) await Promise.all([files.deleteMany({ _id: { $in: lost } }), chunks.deleteMany({ files_id: { $in: lost } })]);
  return new Map(named.map(({ _id }, index) => [_id, faultIn(index)]));
}

/** A mark of use that is younger keeps a sweep away for long enough; a file in many tickets at once is not written for each, ms. */
const FRESH_MS = 3_600_000;

/** Those that are stored already. They are marked as used, so that no sweep takes them before what wants them is stored. */
export async function keepKnown(names: readonly string[], blobs: Blobs): Promise<Set<string>> {
  const projection = { createdAt: 1, usedAt: 1 };
  const found = await blobs.find({ _id: { $in: [...names] } }, { projection }).toArray();
  const kept = await Promise.all(found.map(async (blob) => ((await isKept(blob, blobs)) ? [blob._id] : [])));
  return new Set(kept.flat());
}

async function isKept({ _id, createdAt, usedAt }: BlobDocument, blobs: Blobs): Promise<boolean> {
  if (Date.now() - (usedAt ?? createdAt).getTime() < FRESH_MS) return true;
  return (await blobs.updateOne({ _id }, { $set: { usedAt: new Date() } })).matchedCount > 0;
}
