import type { DeadLetter, InboundRecord, Receipt } from "@openticket/contract";
import mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { inBatches } from "./in-batches.ts";
import { inPages } from "./in-pages.ts";
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
  /** What was staged counts as a leftover after so long; unset: `olderThanMs`. */
  stagedOlderThanMs?: number;
  now: Date;
  /** No further files are looked at; the rest is for the next sweep. */
  stopped?: AbortSignal;
  /** Asked before each look at further files: false ends the sweep, as `stopped` does. */
  goesOn?(): Promise<boolean>;
}

type ObjectId = mongoose.mongo.ObjectId;

/** Files that are looked at together. */
const TOGETHER = 500;

/** See {@link BlobSweep}; the number of files that are gone. */
export async function sweepBlobs(store: StoreConnection, sweep: BlobSweep): Promise<number> {
  const { olderThanMs, stagedOlderThanMs = olderThanMs } = sweep;
  return (await sweepStaged(store, { ...sweep, olderThanMs: stagedOlderThanMs })) + (await sweepUnused(store, sweep));
}

export interface StagedSweep extends Pick<BlobSweep, "olderThanMs" | "now" | "stopped" | "goesOn"> {
  /** What was begun before is not looked at; unset: all is. */
  youngerThanMs?: number;
}

/**
 * Takes away what a crash left of uploads alone: files that no blob names, and chunks without a file. `olderThanMs` is longer
 * than any upload takes, by the clock of whoever stores. The number of those that are gone.
 */
export async function sweepStaged(store: StoreConnection, sweep: StagedSweep): Promise<number> {
  return (await sweepFiles(store, sweep)) + (await sweepChunks(store, sweep));
}

async function sweepFiles(store: StoreConnection, sweep: StagedSweep): Promise<number> {
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const { since, until } = limitsOf(sweep);
  // Its name is made when a file is begun: without the bound of names the last page would read all that are younger.
  const begun = { uploadDate: { $lt: until }, _id: { $lt: idAt(until), ...(since && { $gte: idAt(since) }) } };
  const files = store.db.collection<{ _id: ObjectId; uploadDate: Date }>(COLLECTIONS.blobFiles);
  let swept = 0;
  for await (const page of inPages(files, begun, { ...sweep, projection: { _id: 1 }, size: TOGETHER })) {
    const ids = page.map(({ _id }) => _id);
    const named = await blobs.find({ fileId: { $in: ids } }, { projection: { fileId: 1 } }).toArray();
    const nameless = without(
      ids,
      named.map(({ fileId }) => fileId),
    );
    swept += await removeFiles(store, nameless);
  }
  return swept;
}

/** The number of those that were there: another sweep may have taken some, at which GridFS's own `delete` throws. */
async function removeFiles({ db }: StoreConnection, ids: ObjectId[]): Promise<number> {
  if (ids.length === 0) return 0;
  const [{ deletedCount }] = await Promise.all([
    db.collection<{ _id: ObjectId }>(COLLECTIONS.blobFiles).deleteMany({ _id: { $in: ids } }),
    db.collection(COLLECTIONS.blobChunks).deleteMany({ files_id: { $in: ids } }),
  ]);
  return deletedCount;
}

/** An upload writes its file last. */
async function sweepChunks(store: StoreConnection, sweep: StagedSweep): Promise<number> {
  const chunks = store.db.collection<{ files_id: ObjectId; n: number }>(COLLECTIONS.blobChunks);
  const files = store.db.collection(COLLECTIONS.blobFiles);
  const { stopped, goesOn = async () => true } = sweep;
  const { since, until } = limitsOf(sweep);
  const begun = { files_id: { $lt: idAt(until), ...(since && { $gte: idAt(since) }) } };
  // One step in the index for each upload, whatever it has of chunks.
  const uploads = chunks
    .aggregate<{ _id: ObjectId }>([{ $match: begun }, { $sort: { files_id: 1, n: 1 } }, { $group: { _id: "$files_id", n: { $first: "$n" } } }])
    .batchSize(TOGETHER);
  let swept = 0;
  for await (const some of inBatches(uploads, TOGETHER)) {
    if (stopped?.aborted || !(await goesOn())) break;
    const ids = some.map(({ _id }) => _id);
    const whole = await files.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
    const lost = without(
      ids,
      whole.map(({ _id }) => _id),
    );
    if (lost.length > 0) await chunks.deleteMany({ files_id: { $in: lost } });
    swept += lost.length;
  }
  return swept;
}

function without(ids: readonly ObjectId[], others: readonly ObjectId[]): ObjectId[] {
  const known = new Set(others.map((each) => each.toHexString()));
  return ids.filter((each) => !known.has(each.toHexString()));
}

function limitsOf({ olderThanMs, youngerThanMs, now }: StagedSweep): { since: Date | undefined; until: Date } {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  return { since: youngerThanMs === undefined ? undefined : ago(youngerThanMs), until: ago(olderThanMs) };
}

/** The first id that is made at that time. */
function idAt(at: Date): ObjectId {
  return mongoose.mongo.ObjectId.createFromTime(Math.floor(at.getTime() / 1000));
}

async function sweepUnused(store: StoreConnection, sweep: BlobSweep): Promise<number> {
  const { olderThanMs, messagesKeptMs, now } = sweep;
  const limit = new Date(now.getTime() - olderThanMs);
  const blobs = store.db.collection<BlobDocument>(COLLECTIONS.blobs);
  const isOld = { createdAt: { $lt: limit }, $or: [{ usedAt: { $exists: false } }, { usedAt: { $lt: limit } }] };
  const waitedFor = await filesOfUndecided(store);
  const messages = makeMessageContents(store, messagesKeptMs === undefined ? undefined : new Date(now.getTime() - messagesKeptMs));
  let swept = 0;
  for await (const files of inPages(blobs, isOld, { ...sweep, size: TOGETHER })) {
    const names = files.map(({ _id }) => _id);
    const held = new Set([...(await filesOfTickets(store, names)), ...(await messages.keptOf(names))]);
    const nameless: ObjectId[] = [];
    for (const { _id, fileId } of files.filter((file) => !waitedFor.has(file._id) && !held.has(file._id))) {
      await messages.noteRemoved(_id, now);
      if ((await blobs.deleteOne({ _id, ...isOld })).deletedCount > 0) nameless.push(fileId);
    }
    // The blobs went first: a file without one is swept the next time.
    await removeFiles(store, nameless);
    swept += nameless.length;
  }
  return swept;
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

/** Those of the files that a ticket or a reply has; both have an index of theirs. */
async function filesOfTickets({ db }: StoreConnection, names: string[]): Promise<string[]> {
  const holds = { "attachments.0": { $exists: true }, "attachments.sha256": { $in: names } };
  return (await Promise.all([COLLECTIONS.tickets, COLLECTIONS.replies].map((owners) => db.collection(owners).distinct("attachments.sha256", holds)))).flat();
}

/** Where a message names its content, and the call that brought it. */
const FIELDS = ["raw.sha256", "source.webhook.body.sha256"] as const;

/** Contents of messages that came in, and of the calls that brought them. `decidedSince`: of those that were decided before, none is kept. */
function makeMessageContents({ db }: StoreConnection, decidedSince: Date | undefined) {
  const inbound = db.collection<InboundRecord>(COLLECTIONS.inbound);
  const isWanted = [{ decidedAt: { $exists: false } }, { state: "quarantined" as const }, { decidedAt: { $gte: decidedSince } }];
  const isKept = decidedSince && { contentRemovedAt: { $exists: false }, $or: isWanted };
  return {
    /** Those of the contents that are kept for a message. */
    async keptOf(names: string[]): Promise<string[]> {
      return (await Promise.all(FIELDS.map((field) => inbound.distinct(field, { [field]: { $in: names }, ...isKept })))).flat();
    },
    /** Before they are: a message without its content, that does not say so, is a loss to the audit. */
    async noteRemoved(sha256: string, at: Date): Promise<void> {
      if (!decidedSince) return;
      const isUnwanted = { contentRemovedAt: { $exists: false }, $nor: isWanted };
      for (const field of FIELDS) await inbound.updateMany({ [field]: sha256, ...isUnwanted }, { $set: { contentRemovedAt: at } });
    },
  };
}
