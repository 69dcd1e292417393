import type { Receipt } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { inTime } from "./in-time.ts";
import { insertOrFind } from "./insert-or-find.ts";
import { leaseUndecided } from "./lease-undecided.ts";

/** Requests that a door acknowledged before their outcome was known. */
export interface ReceiptStore {
  /** Stores a receipt, journaled on a majority; `exists` when the request has one already. Throws on an outage: then it may or may not be stored. */
  accept(receipt: Receipt): Promise<Accepted>;
  find(requestId: string): Promise<Receipt | undefined>;
  /** The request has its outcome: its command is dropped, the rest kept until `expiresAt`. No receipt: nothing happens. */
  decided(requestId: string): Promise<void>;
  /** Undecided receipts that are due for a look, each due again only after its `leaseMs`. */
  leaseUndecided(now: Date, leaseMs: (receipt: Receipt) => number, limit: number): Promise<Receipt[]>;
  /** Notes that commands were put into the queue again. */
  requeued(requestIds: readonly string[]): Promise<void>;
}

export type Accepted = { kind: "accepted" } | { kind: "exists"; receipt: Receipt };

type Receipts = mongoose.mongo.Collection<Receipt>;

const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Characters of commands in one batch, about bytes: MongoDB takes 48 MB in one command. */
const HEAVIEST_BATCH = 8_000_000;

/** Receipts in MongoDB. `retentionMs`: how long a decided one is kept for the audit. */
export function makeMongoReceipts(store: StoreConnection, { retentionMs, now }: { retentionMs: number; now(): Date }): ReceiptStore {
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  return {
    accept: coalesce<Receipt, Accepted>({
      run: (batch) => acceptBatch(batch, store.db, receipts),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ commandJson = "" }) => commandJson.length,
      maxWeight: HEAVIEST_BATCH,
    }),
    find: async (requestId) => (await inTime(receipts.findOne({ _id: requestId }))) ?? undefined,
    decided: coalesce<string, void>({
      run: (requestIds) => decideBatch(requestIds, receipts, { at: now(), retentionMs }),
      maxInFlight: 1,
      maxBatch: LARGEST_BATCH,
    }),
    leaseUndecided: (at, leaseMs, limit) => inTime(leaseUndecided(receipts, at, leaseMs, limit)),
    requeued: async (requestIds) => void (await inTime(receipts.updateMany({ _id: { $in: [...requestIds] } }, { $inc: { requeued: 1 } }))),
  };
}

async function acceptBatch(batch: readonly Receipt[], db: mongoose.mongo.Db, receipts: Receipts): Promise<Accepted[]> {
  const isSame = (stored: Receipt, receipt: Receipt) =>
    stored.acceptedAt.getTime() === receipt.acceptedAt.getTime() && stored.commandJson === receipt.commandJson;
  const standing = await insertOrFind(db, batch, receipts, isSame);
  return standing.map((receipt) => (receipt ? { kind: "exists", receipt } : { kind: "accepted" }));
}

async function decideBatch(requestIds: readonly string[], receipts: Receipts, { at, retentionMs }: { at: Date; retentionMs: number }): Promise<undefined[]> {
  const change = { $set: { decidedAt: at, expiresAt: new Date(at.getTime() + retentionMs) }, $unset: { checkAt: 1, commandJson: 1 } } as const;
  await receipts.updateMany({ _id: { $in: [...requestIds] }, decidedAt: { $exists: false } }, change);
  return requestIds.map(() => undefined);
}
