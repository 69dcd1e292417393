import { type Decision, ERASED, type EventBelonging, type InboundRecord, type InboundState, isSameMail } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { eachInTime } from "./in-time.ts";
import { insertOrFind, type Standing } from "./insert-or-find.ts";
import { leaseUndecided } from "./lease-undecided.ts";
import { lookUp } from "./look-up.ts";
import { forQueue, ofQueue } from "./queue-prefix.ts";

/** Messages that came in: stored before their senders are told so, decided later. */
export interface InboundStore {
  /** Stores a record, journaled on a majority; `exists` when the same message is there already, which counts the repetition; `another` when that name is taken by one that, by their Dates, is another, which changes nothing. Throws on an outage: then it may or may not be stored. */
  accept(record: InboundRecord): Promise<InboundAccepted>;
  find(id: string): Promise<InboundRecord | undefined>;
  /** Newest first. */
  list(filter: InboundFilter): Promise<InboundRecord[]>;
  /** Undecided records that are due for a look, each due again only after its `leaseMs`. */
  leaseUndecided(now: Date, leaseMs: (record: InboundRecord) => number, limit: number): Promise<InboundRecord[]>;
  /** Notes what became of a message. The first decision stands: a second one, of a job that ran again, changes nothing. */
  decide(id: string, outcome: InboundOutcome): Promise<void>;
  /** Settles what an event is about, unless that is settled otherwise than as `instead` says; what stands then. Undefined when the record is erased. */
  settleBelonging(id: string, belonging: EventBelonging, instead?: { requestId: string }): Promise<EventBelonging | undefined>;
  /** Makes a decided message undecided again, with another content where one is given; `note` goes into its trace. False when there is none that is decided, or it was erased. */
  putBack(id: string, again: { checkAt: Date; note: Decision; raw?: InboundRecord["raw"] }): Promise<boolean>;
  /** Takes a message out of quarantine for good: it counts as ignored. False when it is not there. */
  drop(id: string, why: { reason: InboundRecord["reason"]; note: Decision }): Promise<boolean>;
}

export type InboundAccepted = { kind: "accepted" } | { kind: "exists" } | { kind: "another" };

export interface InboundFilter {
  mailbox?: string | undefined;
  /** Name of the webhook's source that it came by. */
  source?: string | undefined;
  state?: InboundState | undefined;
  limit: number;
  /** Only what comes behind this record; one that does not exist leaves nothing. */
  after?: string | undefined;
}

/** What a message came to. */
export interface InboundOutcome extends Pick<InboundRecord, "trace" | "reason" | "ticket" | "summary"> {
  state: Exclude<InboundState, "stored">;
}

type Records = mongoose.mongo.Collection<InboundRecord>;

const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Most records in one answer. */
export const LARGEST_LIST = 500;

/** See {@link InboundStore}. */
export function makeMongoInbound(store: StoreConnection, { now }: { now(): Date }): InboundStore {
  const records = store.db.collection<InboundRecord>(COLLECTIONS.inbound);
  const batches = { maxInFlight: WRITES_IN_FLIGHT, maxBatch: LARGEST_BATCH };
  const marked = (record: InboundRecord): InboundRecord => ({ ...record, ...forQueue(store) });
  const decide = coalesce<Decided, void>({ run: (batch) => decideBatch(batch, records, now()), ...batches });
  return {
    accept: coalesce<InboundRecord, InboundAccepted>({ run: (batch) => acceptBatch(batch.map(marked), store.db, records), ...batches }),
    find: lookUp(records),
    decide: (id, outcome) => decide({ id, outcome }),
    leaseUndecided: (at, leaseMs, limit) => leaseUndecided(records, ofQueue(store), at, leaseMs, limit),
    ...eachInTime(changesOf(records, now)),
  };
}

/** What is left of an erased message takes nothing on any more. */
const IS_THERE = { "reason.code": { $ne: ERASED } };

/** What is asked for one record at a time. */
function changesOf(records: Records, now: () => Date): Pick<InboundStore, "list" | "settleBelonging" | "putBack" | "drop"> {
  return {
    list: (filter) => list(records, filter),
    async settleBelonging(id, correlation, instead) {
      const isOpen = { $or: [{ correlation: { $exists: false } }, ...(instead ? [{ "correlation.requestId": instead.requestId }] : [])] };
      const settled = await records.updateOne({ _id: id, ...IS_THERE, ...isOpen }, { $set: { correlation } });
      if (settled.matchedCount > 0) return correlation;
      return (await records.findOne({ _id: id }, { projection: { correlation: 1 } }))?.correlation;
    },
    async putBack(id, { checkAt, note, raw }) {
      const change = {
        $set: { state: "stored" as const, checkAt, ...(raw && { raw }) },
        $unset: { reason: 1, decidedAt: 1, contentRemovedAt: 1, waitsSince: 1 },
        $push: { trace: note },
      } as const;
      return (await records.updateOne({ _id: id, ...IS_THERE, state: { $ne: "stored" } }, change)).matchedCount > 0;
    },
    async drop(id, { reason, note }) {
      const change = { $set: { state: "ignored" as const, decidedAt: now(), ...(reason && { reason }) }, $push: { trace: note } };
      return (await records.updateOne({ _id: id, state: "quarantined" }, change)).matchedCount > 0;
    },
  };
}

async function acceptBatch(batch: readonly InboundRecord[], db: mongoose.mongo.Db, records: Records): Promise<(InboundAccepted | Error)[]> {
  const isSame = (stored: InboundRecord, { receivedAt, raw }: InboundRecord) =>
    stored.receivedAt.getTime() === receivedAt.getTime() && stored.raw.sha256 === raw.sha256;
  const standing = await insertOrFind(db, batch, records, isSame);
  const answers = standing.map((stored, index) => answerOf(stored, batch[index]));
  const repeated = batch.flatMap(({ _id }, index) => (isRepetition(answers[index]) ? [_id] : []));
  if (repeated.length > 0) {
    const counts = new Map<string, number>();
    for (const id of repeated) counts.set(id, (counts.get(id) ?? 0) + 1);
    await records.bulkWrite(
      [...counts].map(([_id, by]) => ({ updateOne: { filter: { _id }, update: { $inc: { repetitions: by } } } })),
      { ordered: false },
    );
  }
  return answers;
}

function answerOf(stored: Standing<InboundRecord>, given: InboundRecord | undefined): InboundAccepted | Error {
  if (stored instanceof Error) return stored;
  if (!stored) return { kind: "accepted" };
  return { kind: given && isSameMail(stored, given) ? "exists" : "another" };
}

function isRepetition(answer: InboundAccepted | Error | undefined): boolean {
  return answer !== undefined && !(answer instanceof Error) && answer.kind === "exists";
}

interface Decided {
  id: string;
  outcome: InboundOutcome;
}

async function decideBatch(batch: readonly Decided[], records: Records, decidedAt: Date): Promise<undefined[]> {
  const writes = batch.map(({ id, outcome }) => {
    const { trace, ...rest } = outcome;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const update = { $set: { ...given, decidedAt }, $unset: { checkAt: 1 }, $push: { trace: { $each: trace } } } as const;
    return { updateOne: { filter: { _id: id, state: "stored" as const }, update } };
  });
  await records.bulkWrite(writes, { ordered: false });
  return batch.map(() => undefined);
}

async function list(records: Records, { mailbox, source, state, limit, after }: InboundFilter): Promise<InboundRecord[]> {
  const last = after === undefined ? undefined : await records.findOne({ _id: after }, { projection: { receivedAt: 1 } });
  if (last === null) return [];
  const filter: mongoose.mongo.Filter<InboundRecord> = {
    ...(mailbox !== undefined && { mailbox }),
    ...(source !== undefined && { "source.webhook.source": source }),
    ...(state !== undefined && { state }),
    ...(last && { $or: [{ receivedAt: { $lt: last.receivedAt } }, { receivedAt: last.receivedAt, _id: { $lt: last._id } }] }),
  };
  return records.find(filter, { sort: { receivedAt: -1, _id: -1 }, limit: Math.min(limit, LARGEST_LIST) }).toArray();
}
