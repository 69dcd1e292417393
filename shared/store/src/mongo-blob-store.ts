import { createHash } from "node:crypto";
import { once } from "node:events";
import mongoose from "mongoose";
import { BlobNotFound, type BlobStore, BlobTooLarge, type StagedBlob, type StoredBlob } from "./blob-store.ts";
import { BUCKET, COLLECTIONS, type StoreConnection } from "./connect.ts";
import { inTime } from "./in-time.ts";
import { insertOrFind } from "./insert-or-find.ts";
import { readChunks } from "./read-chunks.ts";
import { type BlobDocument, CHUNK_BYTES, keepKnown, makeSmallBlobWriter, type SmallBlob } from "./small-blobs.ts";

/**
 * Blobs in GridFS, named by their content.
 *
 * Problem: the name is known only after the last byte, and two doors may receive the same file at once.
 * Choice: content streams into a GridFS file of its own, whose chunks are written as they fill; then one insert into
 * `blobs` with the hash as `_id` makes it visible. Whoever comes second finds the name taken and removes its copy.
 * Small content waits for its end first, is not written at all when it is known, and else together with other small
 * content (small-blobs.ts). What is staged stops before its last chunk and its file, or, when it is small, before any write.
 * Invariant: what stands in `blobs` is complete. A file that no blob names, or a chunk without a file, is a leftover of a
 * crash, and swept; so is a blob that no ticket, reply or message that came in holds, a while after it was last put.
 */

/** See the head of the file. */
export function makeMongoBlobStore(store: StoreConnection): BlobStore {
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const chunks = store.db.collection(COLLECTIONS.blobChunks);
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET, chunkSizeBytes: CHUNK_BYTES, writeConcern: { w: "majority", journal: true } });
  const writers: Writers = { db: store.db, blobs, bucket, writeSmall: makeSmallBlobWriter(store) };
  return {
    async put(content, { maxBytes }) {
      const { sha256, size, publish } = await stage(content, maxBytes, writers);
      await publish();
      return { sha256, size };
    },
    stage: (content, { maxBytes }) => stage(content, maxBytes, writers),
    async has(sha256) {
      const blob = await inTime(blobs.findOne({ _id: sha256 }, { projection: { size: 1 } }));
      return blob ? { size: blob.size } : undefined;
    },
    async open(sha256) {
      const blob = await blobs.findOne({ _id: sha256 });
      if (!blob) throw new BlobNotFound(sha256);
      return readChunks(blob, chunks);
    },
  };
}

type Blobs = mongoose.mongo.Collection<BlobDocument>;
type Bucket = mongoose.mongo.GridFSBucket;
type Upload = mongoose.mongo.GridFSBucketWriteStream;
interface Writers {
  db: mongoose.mongo.Db;
  blobs: Blobs;
  bucket: Bucket;
  writeSmall(blob: SmallBlob): Promise<void>;
}

async function stage(content: AsyncIterable<Uint8Array>, maxBytes: number, writers: Writers): Promise<StagedBlob> {
  const hash = createHash("sha256");
  const held: Uint8Array[] = [];
  let upload: Upload | undefined;
  let size = 0;
  try {
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxBytes) throw new BlobTooLarge(maxBytes);
      hash.update(chunk);
      held.push(chunk);
      if (size <= CHUNK_BYTES) continue;
      upload ??= openUpload(writers.bucket);
      for (const part of held.splice(0)) await write(upload, part);
    }
  } catch (error) {
    if (upload) await abort(upload);
    throw error;
  }
  const blob = { sha256: hash.digest("hex"), size };
  return upload ? stagedUpload(blob, upload, writers) : stagedSmall(blob, Buffer.concat(held), writers);
}

function stagedSmall(blob: StoredBlob, bytes: Uint8Array, { writeSmall }: Writers): StagedBlob {
  return { ...blob, publish: () => writeSmall({ ...blob, bytes }), discard: async () => {} };
}

function stagedUpload({ sha256, size }: StoredBlob, upload: Upload, writers: Writers): StagedBlob {
  return {
    sha256,
    size,
    discard: () => abort(upload),
    async publish() {
      try {
        if ((await keepKnown([sha256], writers.blobs)).has(sha256)) return await abort(upload);
        await end(upload);
        await publish({ _id: sha256, fileId: upload.id, size, createdAt: new Date() }, writers);
      } catch (error) {
        await abort(upload);
        throw error;
      }
    },
  };
}

function openUpload(bucket: Bucket): Upload {
  const upload = bucket.openUploadStream("blob");
  return upload.on("error", () => {}); // Reported by the write that meets it.
}

/** Ends when what it filled is written: a chunk that came in behind an abort would stay. */
async function write(upload: Upload, chunk: Uint8Array): Promise<void> {
  if (upload.errored) throw upload.errored;
  await inTime(new Promise<void>((resolve, reject) => upload.write(chunk, (error) => (error ? reject(error) : resolve()))));
}

/** Takes away what was written. An upload that has ended stays: a blob may name it. What cannot be removed now is swept later. */
async function abort(upload: Upload): Promise<void> {
  await inTime(upload.abort()).catch(() => {});
}

async function end(upload: Upload): Promise<void> {
  if (upload.errored) throw upload.errored;
  const finished = once(upload, "finish");
  upload.end();
  await inTime(finished);
}

async function publish(blob: BlobDocument, { db, blobs, bucket }: Writers): Promise<void> {
  const [standing] = await inTime(insertOrFind(db, [blob], blobs, ({ fileId }) => blob.fileId.equals(fileId)));
  if (standing instanceof Error) throw standing;
  if (standing) await bucket.delete(blob.fileId);
}
