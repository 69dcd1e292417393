import type { Receipt, StandingReceipt } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { inTime } from "./in-time.ts";
import { insertOrFind } from "./insert-or-find.ts";
import { leaseUndecided } from "./lease-undecided.ts";
import { without } from "./look-up.ts";
import { forQueue, ofQueue } from "./queue-prefix.ts";

/** Requests that a door acknowledged before their outcome was known. */
export interface ReceiptStore {
  /** Stores a receipt, journaled on a majority; `exists` when the request has one already. Throws on an outage: then it may or may not be stored. */
  accept(receipt: Receipt): Promise<Accepted>;
  find(requestId: string): Promise<StandingReceipt | undefined>;
  /** Opens a receipt again that was decided, or gives one where none is: its request is to be seen through once more. */
  reopen(receipt: Receipt): Promise<void>;
  /** The request has its outcome: its command is dropped, the rest kept until `expiresAt`. No receipt: nothing happens. */
  decided(requestId: string, outcome: Receipt["outcome"]): Promise<void>;
  /** Undecided receipts that are due for a look, each due again only after its `leaseMs`. */
  leaseUndecided(now: Date, leaseMs: (receipt: Receipt) => number, limit: number): Promise<Receipt[]>;
  /** Notes that commands were put into the queue again. */
  requeued(requestIds: readonly string[]): Promise<void>;
}

export type Accepted = { kind: "accepted" } | { kind: "exists"; receipt: StandingReceipt };

type Receipts = mongoose.mongo.Collection<Receipt>;

const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Of the commands in one batch: MongoDB takes 16 MB in one command, with the other fields. */
const HEAVIEST_BATCH_BYTES = 8_000_000;

/** Receipts in MongoDB. `retentionMs`: how long a decided one is kept for the audit. */
export function makeMongoReceipts(store: StoreConnection, { retentionMs, now }: { retentionMs: number; now(): Date }): ReceiptStore {
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const marked = (receipt: Receipt): Receipt => ({ ...receipt, ...forQueue(store) });
  const decide = coalesce<Decision, void>({
    run: (decisions) => decideBatch(decisions, receipts, { at: now(), retentionMs }),
    maxInFlight: 1,
    maxBatch: LARGEST_BATCH,
  });
  return {
    accept: coalesce<Receipt, Accepted>({
      run: (batch) => acceptBatch(batch.map(marked), store.db, receipts),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ commandJson = "" }) => Buffer.byteLength(commandJson),
      maxWeight: HEAVIEST_BATCH_BYTES,
    }),
    find: async (requestId) => (await inTime(receipts.findOne({ _id: requestId }, without(["commandJson"])))) ?? undefined,
    reopen: (receipt) => inTime(reopen(marked(receipt), receipts)),
    decided(requestId, outcome) {
      return decide({ requestId, outcome });
    },
    leaseUndecided: (at, leaseMs, limit) => leaseUndecided(receipts, ofQueue(store), at, leaseMs, limit),
    requeued: async (requestIds) => void (await inTime(receipts.updateMany({ _id: { $in: [...requestIds] } }, { $inc: { requeued: 1 } }))),
  };
}

async function acceptBatch(batch: readonly Receipt[], db: mongoose.mongo.Db, receipts: Receipts): Promise<(Accepted | Error)[]> {
  const isSame = (stored: StandingReceipt, receipt: Receipt) =>
    stored.acceptedAt.getTime() === receipt.acceptedAt.getTime() && stored.fingerprint === receipt.fingerprint;
  const standing = await insertOrFind(db, batch, receipts, isSame, ["commandJson"]);
  return standing.map((receipt) => {
    if (receipt instanceof Error) return receipt;
    return receipt ? { kind: "exists", receipt } : { kind: "accepted" };
  });
}

/** One that is open already stays as it is. */
async function reopen({ _id, ...receipt }: Receipt, receipts: Receipts): Promise<void> {
  try {
    await receipts.replaceOne({ _id, decidedAt: { $exists: true } }, receipt, { upsert: true });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

interface Decision {
  requestId: string;
  outcome: Receipt["outcome"];
}

/** One update for all of the same outcome. */
async function decideBatch(decisions: readonly Decision[], receipts: Receipts, { at, retentionMs }: { at: Date; retentionMs: number }): Promise<undefined[]> {
  for (const outcome of new Set(decisions.map((decision) => decision.outcome))) {
    const requestIds = decisions.filter((decision) => decision.outcome === outcome).map(({ requestId }) => requestId);
    const decided = { decidedAt: at, expiresAt: new Date(at.getTime() + retentionMs), ...(outcome && { outcome }) };
    await receipts.updateMany({ _id: { $in: requestIds }, decidedAt: { $exists: false } }, { $set: decided, $unset: { checkAt: 1, commandJson: 1 } });
  }
  return decisions.map(() => undefined);
}
