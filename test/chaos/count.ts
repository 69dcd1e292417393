import { COMMAND_QUEUE } from "@openticket/contract";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type mongoose from "mongoose";

/** What is in the databases, counted with the plain drivers: none of the product's own reading is trusted here. */

export interface StoredTicket {
  _id: string;
  requestId: string;
  id: number;
  tid: string;
  c: string;
  subject: string;
  message: string;
  dueAt?: Date;
  outbox: { key: string; kind: string; template?: string; to?: { email: string }; deliveredAt?: Date; deadAt?: Date; lastError?: string }[];
}

/** A message that came in by mail, or an event. */
export interface StoredMail {
  _id: string;
  mailbox: string;
  source: { webhook?: { eventId?: string } };
  messageId?: string;
  state: string;
  reason?: { code: string; text: string };
  ticket?: { id: number; tid: string };
  repetitions: number;
}

/** True for an event of a webhook; others are mails, also where a webhook brought them. */
export const isEvent = ({ mailbox }: Pick<StoredMail, "mailbox">): boolean => mailbox.startsWith("webhook:");

export interface Stored {
  inbound: StoredMail[];
  tickets: StoredTicket[];
  rejections: { _id: string; requestId: string; errors: { code: string }[] }[];
  deadLetters: { _id: string; code: string; reason: string }[];
}

type Db = mongoose.mongo.Db;

/** Everything that came of the run's requests. */
export async function readStored(db: Db): Promise<Stored> {
  const [inbound, tickets, rejections, deadLetters] = await Promise.all([
    db.collection<StoredMail>("inbound").find({}).toArray(),
    db.collection<StoredTicket>("tickets").find({}).toArray(),
    db
      .collection<Stored["rejections"][number]>("rejections")
      .find({ isProposed: { $exists: false } })
      .toArray(),
    db.collection<Stored["deadLetters"][number]>("deadletters").find({}).toArray(),
  ]);
  return { inbound, tickets, rejections, deadLetters };
}

/** What is still to be done: jobs in the queue, tickets that owe something, receipts, mails and events without an outcome, calls to endpoints. */
export interface Unfinished {
  jobs: number;
  owing: number;
  receipts: number;
  inbound: number;
  calls: number;
}

export async function countUnfinished(db: Db, { redis, prefix }: { redis: Redis; prefix: string }): Promise<Unfinished> {
  const queue = new Queue(COMMAND_QUEUE, { connection: redis, prefix, skipMetasUpdate: true });
  queue.on("error", () => undefined);
  const counts = await queue.getJobCounts("waiting", "active", "delayed", "prioritized", "failed");
  await queue.close();
  return {
    jobs: Object.values(counts).reduce((sum, count) => sum + count, 0),
    owing: await db.collection("tickets").countDocuments({ dueAt: { $exists: true } }),
    receipts: await db.collection("receipts").countDocuments({ checkAt: { $exists: true } }),
    inbound: await db.collection("inbound").countDocuments({ state: "stored" }),
    calls: await db.collection("webhookcalls").countDocuments({ state: "pending" }),
  };
}

/** Makes everything owed due now: as if the time had passed. Only where nobody has a delivery in hand. */
export async function letTimePass(db: Db): Promise<void> {
  await db.collection("tickets").updateMany({ dueAt: { $exists: true } }, { $set: { dueAt: new Date(0) }, $unset: { "outbox.$[].nextTryAt": 1 } });
  await letLooksBeDue(db);
  await db.collection("webhookcalls").updateMany({ state: "pending" }, { $set: { dueAt: new Date(0) } });
}

/** Makes whatever has no outcome due for a look of the recovery, which may look as often as it likes. */
export async function letLooksBeDue(db: Db): Promise<void> {
  for (const name of ["receipts", "inbound"]) await db.collection(name).updateMany({ checkAt: { $exists: true } }, { $set: { checkAt: new Date(0) } });
}

/** Makes the calls due that wait for their next try, which may be days away; not those that a worker has in hand. */
export async function letCallsBeDue(db: Db): Promise<void> {
  const now = new Date();
  await db.collection("webhookcalls").updateMany({ state: "pending", leasedBy: { $exists: false }, dueAt: { $gt: now } }, { $set: { dueAt: now } });
}

/** What BullMQ keeps beside the jobs of a queue. */
const QUEUE_KEYS = new Set([
  "meta",
  "id",
  "events",
  "marker",
  "stalled",
  "stalled-check",
  "wait",
  "active",
  "delayed",
  "prioritized",
  "pc",
  "completed",
  "failed",
]);
const SCAN_COUNT = 1000;

/** Names of jobs of the command queue that Redis still holds; asked for when nothing is to be done any more. */
export async function jobsNowhere(redis: Redis, prefix: string): Promise<string[]> {
  const start = `${prefix}:${COMMAND_QUEUE}:`;
  const names: string[] = [];
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", `${start}*`, "COUNT", SCAN_COUNT);
    names.push(...keys.map((key) => key.slice(start.length)));
    cursor = next;
  } while (cursor !== "0");
  return names.filter((name) => !QUEUE_KEYS.has(name));
}

/** How often each name is there, in the order of the names. */
export function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** What has the same key, together, in the order of its first. */
export function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
