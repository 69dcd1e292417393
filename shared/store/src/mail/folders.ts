import type { FolderLease, FolderOverview, FolderProgress, SkippedMessage } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { isDuplicateKey } from "../duplicate-key.ts";
import { inTime } from "../in-time.ts";

/**
 * Who reads a folder of an IMAP account, and how far it has been read.
 *
 * Problem: of several processes one is to read a folder, another one soon when that dies, and one that was asleep must not
 * put the folder's progress back when it wakes up. Choice: a lease by the store's clock (no process's clock is asked), with
 * a token that each new holder raises; progress is written only under the token it was read with.
 */
export interface MailFolders {
  /** The lease, when nobody else holds it; `holder` names the asking process. Throws on an outage. */
  take(folder: string, holder: string, leaseMs: number): Promise<FolderLease | undefined>;
  /** Holds the lease for that much longer. False when another one has it. */
  renew(folder: string, token: number, leaseMs: number): Promise<boolean>;
  /** Writes the progress, and what was skipped on the way. False when another one holds the lease: nothing was written. */
  save(folder: string, token: number, progress: FolderProgress, skipped: readonly SkippedMessage[]): Promise<boolean>;
  /** Lets others take it at once; the token stays. */
  release(folder: string, token: number): Promise<void>;
  /** All that are known, by name. */
  all(): Promise<FolderOverview[]>;
}

interface FolderDocument extends FolderProgress {
  _id: string;
  token: number;
  holder: string;
  leaseUntil: Date;
  knownSince: Date;
  /** The last ones. */
  skipped: SkippedMessage[];
}

type Folders = mongoose.mongo.Collection<FolderDocument>;

/** Skipped messages that a folder remembers. */
const MOST_SKIPPED = 100;
const UNREAD: FolderProgress = { uidValidity: "", floor: 0, settled: [], failing: [] };

/** See {@link MailFolders}. */
export function makeMongoMailFolders({ db }: StoreConnection): MailFolders {
  const folders = db.collection<FolderDocument>(COLLECTIONS.mailFolders);
  return {
    take: (folder, holder, leaseMs) => inTime(take(folders, folder, holder, leaseMs)),
    async renew(_id, token, leaseMs) {
      const { matchedCount } = await inTime(folders.updateOne({ _id, token }, [{ $set: { leaseUntil: inMs(leaseMs) } }]));
      return matchedCount > 0;
    },
    async save(_id, token, progress, skipped) {
      const { since, ...rest } = progress;
      const update = {
        $set: { ...rest, ...(since && { since }) },
        ...(!since && { $unset: { since: 1 } as const }),
        ...(skipped.length > 0 && { $push: { skipped: { $each: [...skipped], $slice: -MOST_SKIPPED } } }),
      };
      return (await inTime(folders.updateOne({ _id, token }, update))).matchedCount > 0;
    },
    release: async (_id, token) => void (await inTime(folders.updateOne({ _id, token }, [{ $set: { leaseUntil: "$$NOW", holder: "" } }]))),
    all: () => inTime(all(folders)),
  };
}

async function all(folders: Folders): Promise<FolderOverview[]> {
  const isHeld = { $gt: ["$leaseUntil", "$$NOW"] };
  const stages = [
    { $sort: { _id: 1 } },
    { $set: { folder: "$_id", holder: { $cond: [isHeld, "$holder", "$$REMOVE"] } } },
    { $unset: ["_id", "token", "leaseUntil", "knownSince"] },
  ];
  return folders.aggregate<FolderOverview>(stages).toArray();
}

/** That much from now by the store's clock. */
function inMs(ms: number) {
  return { $add: ["$$NOW", ms] };
}

async function take(folders: Folders, _id: string, holder: string, leaseMs: number): Promise<FolderLease | undefined> {
  // One that has the lease and did not hear so asks again.
  const isFree = { $or: [{ holder }, { $expr: { $lte: ["$leaseUntil", "$$NOW"] } }] };
  const taking = [{ $set: { holder: { $literal: holder }, token: { $add: ["$token", 1] }, leaseUntil: inMs(leaseMs) } }];
  const find = () => folders.findOneAndUpdate({ _id, ...isFree }, taking, { returnDocument: "after" });
  const taken = (await find()) ?? ((await isNew(folders, _id)) ? await find() : null);
  if (!taken) return undefined;
  const { token, knownSince, uidValidity, since, floor, settled, failing } = taken;
  return { token, knownSince, progress: { uidValidity, floor, settled, failing, ...(since && { since }) } };
}

/** Makes a folder known that nobody has read yet; false when it was. */
async function isNew(folders: Folders, _id: string): Promise<boolean> {
  const fields = { ...UNREAD, token: 0, holder: "", skipped: [], leaseUntil: "$$NOW", knownSince: "$$NOW" };
  const { upsertedCount } = await folders.updateOne({ _id }, [{ $set: unlessThere(fields) }], { upsert: true }).catch(raced);
  return upsertedCount > 0;
}

function unlessThere(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $ifNull: [`$${name}`, value] }]));
}

/** Another process has made it at the same time. */
function raced(error: unknown): { upsertedCount: number } {
  if (isDuplicateKey(error)) return { upsertedCount: 1 };
  throw error;
}
