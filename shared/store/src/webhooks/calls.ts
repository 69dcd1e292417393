import { type CallState, type CallTry, MAX_LOGGED_TRIES, type WebhookCallRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "../coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { inTime } from "../in-time.ts";
import { insertOrFind } from "../insert-or-find.ts";
import { leaseDue } from "../lease-due.ts";

/** Calls that are owed to endpoints, and their log. */
export interface CallStore {
  /** Stores a call unless there is one of its name, journaled on a majority. */
  owe(call: WebhookCallRecord): Promise<void>;
  /** The calls to one endpoint that are due, the oldest first, each due again only after `leaseMs`; no two callers get the same one. */
  leaseDue(endpoint: string, now: Date, leaseMs: number, limit: number): Promise<LeasedCall[]>;
  /** Notes a try. What became of a call that another worker has taken meanwhile is noted only when it was delivered. */
  tried(call: LeasedCall, made: CallTry, next: AfterTry): Promise<void>;
  /** Gives up the calls that have ended; the number of them. */
  giveUpEnded(now: Date, keptUntil: Date): Promise<number>;
  /** Removes the calls of an endpoint that was removed, with their log: one of the same name is another one. */
  forget(endpoint: string): Promise<void>;
  /** Removes calls that are owed to none of these endpoints since before `olderThan`; the number of them. */
  forgetOthers(endpoints: readonly string[], olderThan: Date): Promise<number>;
  find(id: string): Promise<WebhookCallRecord | undefined>;
  /** Newest first. */
  list(filter: CallFilter): Promise<WebhookCallRecord[]>;
  /** Makes a call due, however it ended. */
  replay(id: string, again: { now: Date; endsAt: Date }): Promise<"owed" | "in-hand" | "unknown">;
}

/** A call with the lease that it was taken under. */
export type LeasedCall = WebhookCallRecord & { leasedBy: string };

export type AfterTry = { state: "delivered" | "failed"; at: Date; keptUntil: Date } | { state: "pending"; attempts: number; dueAt: Date };

export interface CallFilter {
  endpoint: string;
  state?: CallState | undefined;
  limit: number;
  /** Only what comes behind that call; one that does not exist leaves nothing. */
  after?: string | undefined;
}

type Stored = WebhookCallRecord & { leasedBy?: string };
type Calls = mongoose.mongo.Collection<Stored>;

const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 200;
/** Of the bodies in one batch: MongoDB takes 16 MB in one command, with the other fields. */
const HEAVIEST_BATCH_BYTES = 8_000_000;
/** Most calls in one answer. */
export const LARGEST_CALL_LIST = 500;
const WHY_ENDED = { error: "not delivered in the time that it had" };

/** See {@link CallStore}. */
export function makeMongoCalls(store: StoreConnection): CallStore {
  const calls = store.db.collection<Stored>(COLLECTIONS.webhookCalls);
  return {
    owe: coalesce<WebhookCallRecord, void>({
      async run(batch) {
        const standing = await insertOrFind<Stored>(store.db, batch, calls, () => true);
        return standing.map((call) => (call instanceof Error ? call : undefined));
      },
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ body }) => Buffer.byteLength(body),
      maxWeight: HEAVIEST_BATCH_BYTES,
    }),
    leaseDue: (endpoint, now, leaseMs, limit) => inTime(leaseDue(calls, { endpoint }, { now, leaseMs, limit }, (call) => call)),
    tried: (call, made, next) => inTime(tried(calls, call, made, next)),
    async giveUpEnded(now, expiresAt) {
      const change = {
        $set: { state: "failed" as const, decidedAt: now, expiresAt },
        $unset: { dueAt: 1, leasedBy: 1 },
        ...logged({ at: now, tookMs: 0, ...WHY_ENDED }),
      } as const;
      return (await inTime(calls.updateMany({ dueAt: { $exists: true }, endsAt: { $lte: now }, ...isFree(now) }, change))).modifiedCount;
    },
    forget: async (endpoint) => void (await inTime(calls.deleteMany({ endpoint }))),
    async forgetOthers(endpoints, olderThan) {
      const isOthers = { dueAt: { $exists: true }, endpoint: { $nin: [...endpoints] }, createdAt: { $lt: olderThan } };
      return (await inTime(calls.deleteMany(isOthers))).deletedCount;
    },
    find: async (id) => optional(await inTime(calls.findOne({ _id: id }))),
    list: (filter) => inTime(list(calls, filter)),
    replay: (id, again) => inTime(replay(calls, id, again)),
  };
}

async function tried(calls: Calls, { _id, leasedBy }: LeasedCall, made: CallTry, next: AfterTry): Promise<void> {
  if (next.state === "pending") {
    const { attempts, dueAt } = next;
    await calls.updateOne({ _id, leasedBy }, { $set: { attempts, dueAt }, $unset: { leasedBy: 1 }, ...logged(made) });
    return;
  }
  const filter = next.state === "delivered" ? { _id, state: "pending" as const } : { _id, leasedBy };
  const change = { $set: { state: next.state, decidedAt: next.at, expiresAt: next.keptUntil }, $unset: { dueAt: 1, leasedBy: 1 }, ...logged(made) } as const;
  await calls.updateOne(filter, change);
}

function logged(made: CallTry) {
  const $each = [made];
  return { $push: { tries: { $each, $slice: -MAX_LOGGED_TRIES } } };
}

async function list(calls: Calls, { endpoint, state, limit, after }: CallFilter): Promise<WebhookCallRecord[]> {
  const last = after === undefined ? undefined : await calls.findOne({ _id: after }, { projection: { createdAt: 1 } });
  if (last === null) return [];
  const filter: mongoose.mongo.Filter<Stored> = {
    endpoint,
    ...(state !== undefined && { state }),
    ...(last && { $or: [{ createdAt: { $lt: last.createdAt } }, { createdAt: last.createdAt, _id: { $lt: last._id } }] }),
  };
  const found = await calls.find(filter, { sort: { createdAt: -1, _id: -1 }, limit: Math.min(limit, LARGEST_CALL_LIST) }).toArray();
  return found.map(withoutLease);
}

async function replay(calls: Calls, _id: string, { now, endsAt }: { now: Date; endsAt: Date }) {
  const change = { $set: { state: "pending" as const, attempts: 0, dueAt: now, endsAt }, $unset: { leasedBy: 1, decidedAt: 1, expiresAt: 1 } } as const;
  if ((await calls.updateOne({ _id, ...isFree(now) }, change)).matchedCount > 0) return "owed";
  return (await calls.findOne({ _id }, { projection: { _id: 1 } })) ? "in-hand" : "unknown";
}

/** Of calls that nobody is sending at this moment. */
function isFree(now: Date) {
  return { $or: [{ leasedBy: { $exists: false } }, { dueAt: { $lte: now } }] };
}

function optional(found: Stored | null): WebhookCallRecord | undefined {
  return found ? withoutLease(found) : undefined;
}

function withoutLease({ leasedBy, ...call }: Stored): WebhookCallRecord {
  return call;
}
