import { createHash } from "node:crypto";
import { once } from "node:events";
import mongoose from "mongoose";
import { BlobNotFound, type BlobStore, BlobTooLarge, type StoredBlob } from "./blob-store.ts";
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
 * content (small-blobs.ts).
 * Invariant: what stands in `blobs` is complete. A file that no blob names is a leftover of a crash, and swept; so is a
 * blob that no ticket, reply or message that came in holds, a while after it was last put.
 */

/** See the head of the file. */
export function makeMongoBlobStore(store: StoreConnection): BlobStore {
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const chunks = store.db.collection(COLLECTIONS.blobChunks);
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET, chunkSizeBytes: CHUNK_BYTES, writeConcern: { w: "majority", journal: true } });
  const writers: Writers = { db: store.db, blobs, bucket, writeSmall: makeSmallBlobWriter(store) };
  return {
    put: (content, { maxBytes }) => put(content, maxBytes, writers),
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
interface Writers {
  db: mongoose.mongo.Db;
  blobs: Blobs;
  bucket: Bucket;
  writeSmall(blob: SmallBlob): Promise<void>;
}

async function put(content: AsyncIterable<Uint8Array>, maxBytes: number, writers: Writers): Promise<StoredBlob> {
  const { blobs, bucket, writeSmall } = writers;
  const hash = createHash("sha256");
  const held: Uint8Array[] = [];
  let upload: mongoose.mongo.GridFSBucketWriteStream | undefined;
  let size = 0;
  try {
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxBytes) throw new BlobTooLarge(maxBytes);
      hash.update(chunk);
      if (upload) await write(upload, chunk);
      else held.push(chunk);
      if (!upload && size > CHUNK_BYTES) upload = await startUpload(bucket, held);
    }
    const sha256 = hash.digest("hex");
    if (!upload) {
      await writeSmall({ sha256, size, bytes: Buffer.concat(held) });
      return { sha256, size };
    }
    if ((await keepKnown([sha256], blobs)).has(sha256)) {
      await upload.abort();
      return { sha256, size };
    }
    await end(upload);
    await publish({ _id: sha256, fileId: upload.id, size, createdAt: new Date() }, writers);
    return { sha256, size };
  } catch (error) {
    // What cannot be removed now is swept later; the cause is what the caller needs.
    await upload?.abort().catch(() => {});
    throw error;
  }
}

async function startUpload(bucket: Bucket, held: Uint8Array[]): Promise<mongoose.mongo.GridFSBucketWriteStream> {
  const upload = bucket.openUploadStream("blob");
  upload.on("error", () => {}); // Reported by the write that meets it.
  for (const chunk of held.splice(0)) await write(upload, chunk);
  return upload;
}

async function write(upload: mongoose.mongo.GridFSBucketWriteStream, chunk: Uint8Array): Promise<void> {
  if (upload.errored) throw upload.errored;
  if (!upload.write(chunk)) await inTime(once(upload, "drain"));
}

async function end(upload: mongoose.mongo.GridFSBucketWriteStream): Promise<void> {
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
