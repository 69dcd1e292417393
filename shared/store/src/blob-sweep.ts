import mongoose from "mongoose";
import { BUCKET, COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { BlobDocument } from "./small-blobs.ts";

/**
 * Takes away files that belong to nobody: uploads that were broken off, files of requests that were refused, and files of
 * erased tickets, replies and messages. A file counts as somebody's for `olderThanMs` after it was last put: its owner may
 * not be stored yet.
 */
export async function sweepBlobs(store: StoreConnection, { olderThanMs, now }: { olderThanMs: number; now: Date }): Promise<number> {
  const limit = new Date(now.getTime() - olderThanMs);
  return (await sweepStaged(store, limit)) + (await sweepUnused(store, limit));
}

/** One process of a fleet gets true, once in `intervalMs`. */
export async function claimSweep(store: StoreConnection, { intervalMs, now }: { intervalMs: number; now: Date }): Promise<boolean> {
  const sweeps = store.db.collection<{ _id: string; sweptAt: Date }>(COLLECTIONS.counters);
  const name = "blob-sweep";
  await sweeps.updateOne({ _id: name }, { $setOnInsert: { sweptAt: new Date(0) } }, { upsert: true });
  const limit = new Date(now.getTime() - intervalMs);
  return (await sweeps.updateOne({ _id: name, sweptAt: { $lte: limit } }, { $set: { sweptAt: now } })).modifiedCount > 0;
}

async function sweepStaged(store: StoreConnection, limit: Date): Promise<number> {
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET });
  let swept = 0;
  for await (const { _id } of bucket.find({ uploadDate: { $lt: limit } }, { projection: { _id: 1 } })) {
    if (await store.db.collection(COLLECTIONS.blobs).findOne({ fileId: _id })) continue;
    await bucket.delete(_id);
    swept++;
  }
  return swept;
}

async function sweepUnused(store: StoreConnection, limit: Date): Promise<number> {
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET });
  const isOld = { createdAt: { $lt: limit }, $or: [{ usedAt: { $exists: false } }, { usedAt: { $lt: limit } }] };
  let swept = 0;
  for await (const { _id, fileId } of blobs.find(isOld)) {
    if (await isHeld(store, _id)) continue;
    // The blob goes first: a file without one is swept the next time.
    if ((await blobs.deleteOne({ _id, ...isOld })).deletedCount === 0) continue;
    await bucket.delete(fileId);
    swept++;
  }
  return swept;
}

/** Whether a ticket or a reply has that file, which both have an index of, or it is a message that came in, or the call that brought one. */
async function isHeld(store: StoreConnection, sha256: string): Promise<boolean> {
  const holds = { "attachments.0": { $exists: true }, "attachments.sha256": sha256 };
  for (const owners of [COLLECTIONS.tickets, COLLECTIONS.replies]) {
    if (await store.db.collection(owners).findOne(holds, { projection: { _id: 1 } })) return true;
  }
  for (const field of ["raw.sha256", "source.webhook.body.sha256"]) {
    if (await store.db.collection(COLLECTIONS.inbound).findOne({ [field]: sha256 }, { projection: { _id: 1 } })) return true;
  }
  return false;
}
