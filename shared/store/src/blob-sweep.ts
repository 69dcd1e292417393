import type { DeadLetter, InboundRecord, Receipt } from "@openticket/contract";
import mongoose from "mongoose";
import { BUCKET, COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { BlobDocument } from "./small-blobs.ts";

/**
 * Takes away files that belong to nobody: uploads that were broken off, files of requests that were refused, and files of
 * erased tickets, replies and messages. A file counts as somebody's for `olderThanMs` after it was last put, as its owner may
 * not be stored yet: a request may wait in the queue for that long. One with a receipt, and a dead letter, keep theirs longer.
 * A message that came in keeps its content for `messagesKeptMs` after it was decided; in quarantine, or unset, for ever.
 */
export interface BlobSweep {
  olderThanMs: number;
  messagesKeptMs?: number | undefined;
  now: Date;
  /** No further file is looked at; the rest is for the next sweep. */
  stopped?: AbortSignal;
}

/** Files that are looked at side by side. */
const TOGETHER = 20;

/** See {@link BlobSweep}; the number of files that are gone. */
export async function sweepBlobs(store: StoreConnection, sweep: BlobSweep): Promise<number> {
  return (await sweepStaged(store, sweep)) + (await sweepUnused(store, sweep));
}

async function sweepStaged(store: StoreConnection, { olderThanMs, now, stopped }: BlobSweep): Promise<number> {
  const limit = new Date(now.getTime() - olderThanMs);
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET });
  return removeEach(bucket.find({ uploadDate: { $lt: limit } }, { projection: { _id: 1 } }), stopped, async ({ _id }) => {
    if (await blobs.findOne({ fileId: _id }, { projection: { _id: 1 } })) return false;
    await bucket.delete(_id);
    return true;
  });
}

async function sweepUnused(store: StoreConnection, { olderThanMs, messagesKeptMs, now, stopped }: BlobSweep): Promise<number> {
  const limit = new Date(now.getTime() - olderThanMs);
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const bucket = new mongoose.mongo.GridFSBucket(store.db, { bucketName: BUCKET });
  const isOld = { createdAt: { $lt: limit }, $or: [{ usedAt: { $exists: false } }, { usedAt: { $lt: limit } }] };
  const waitedFor = await filesOfUndecided(store);
  const messages = makeMessageContents(store, messagesKeptMs === undefined ? undefined : new Date(now.getTime() - messagesKeptMs));
  return removeEach(blobs.find(isOld), stopped, async ({ _id, fileId }) => {
    if (waitedFor.has(_id) || (await isFileOfTicket(store, _id)) || (await messages.isKept(_id))) return false;
    await messages.noteRemoved(_id, now);
    // The blob goes first: a file without one is swept the next time.
    if ((await blobs.deleteOne({ _id, ...isOld })).deletedCount === 0) return false;
    await bucket.delete(fileId);
    return true;
  });
}

/** The number of those that `remove` has removed. */
async function removeEach<T>(found: AsyncIterable<T>, stopped: AbortSignal | undefined, remove: (item: T) => Promise<boolean>): Promise<number> {
  let removed = 0;
  let together: Promise<boolean>[] = [];
  const settle = async () => {
    removed += (await Promise.all(together)).filter(Boolean).length;
    together = [];
  };
  for await (const item of found) {
    if (stopped?.aborted) break;
    together.push(remove(item));
    if (together.length === TOGETHER) await settle();
  }
  await settle();
  return removed;
}

/** Files of requests that are accepted and not decided, and of those that were given up, which an operator may run again. */
async function filesOfUndecided({ db }: StoreConnection): Promise<Set<string>> {
  const namesFile = /"sha256"/;
  const receipts = db
    .collection<Receipt>(COLLECTIONS.receipts)
    .find({ checkAt: { $exists: true }, commandJson: namesFile }, { projection: { commandJson: 1 } });
  const letters = db.collection<DeadLetter>(COLLECTIONS.deadLetters).find({ dataJson: namesFile }, { projection: { dataJson: 1 } });
  const files = new Set<string>();
  const note = (json = "") => {
    for (const [sha256] of json.matchAll(/\b[0-9a-f]{64}\b/g)) files.add(sha256);
  };
  for await (const { commandJson } of receipts) note(commandJson);
  for await (const { dataJson } of letters) note(dataJson);
  return files;
}

/** Whether a ticket or a reply has that file; both have an index of theirs. */
async function isFileOfTicket(store: StoreConnection, sha256: string): Promise<boolean> {
  const holds = { "attachments.0": { $exists: true }, "attachments.sha256": sha256 };
  for (const owners of [COLLECTIONS.tickets, COLLECTIONS.replies]) {
    if (await store.db.collection(owners).findOne(holds, { projection: { _id: 1 } })) return true;
  }
  return false;
}

/** Contents of messages that came in, and of the calls that brought them. `decidedSince`: of those that were decided before, none is kept. */
function makeMessageContents({ db }: StoreConnection, decidedSince: Date | undefined) {
  const inbound = db.collection<InboundRecord>(COLLECTIONS.inbound);
  const isContent = (sha256: string) => ["raw.sha256", "source.webhook.body.sha256"].map((field) => ({ [field]: sha256 }));
  const isWanted = [{ decidedAt: { $exists: false } }, { state: "quarantined" as const }, { decidedAt: { $gte: decidedSince } }];
  const isKept = decidedSince && { contentRemovedAt: { $exists: false }, $or: isWanted };
  return {
    async isKept(sha256: string): Promise<boolean> {
      for (const held of isContent(sha256)) if (await inbound.findOne({ ...held, ...isKept }, { projection: { _id: 1 } })) return true;
      return false;
    },
    /** Before they are: a message without its content, that does not say so, is a loss to the audit. */
    async noteRemoved(sha256: string, at: Date): Promise<void> {
      if (decidedSince)
        for (const held of isContent(sha256)) await inbound.updateMany({ ...held, contentRemovedAt: { $exists: false } }, { $set: { contentRemovedAt: at } });
    },
  };
}
