// Baseline: what a competent engineer writes in an afternoon with the same packages. One ticket at a time: a counter is
// raised, one document inserted, one reply added. Validation is a zod schema; uniqueness is the job's id.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import mongoose from "mongoose";
import { z } from "zod";

const { MONGODB_URL = "", REDIS_URL = "", QUEUE_PREFIX = "bull", WORKER_CONCURRENCY = "200" } = process.env;
const ticketSchema = z.looseObject({ deptid: z.number(), subject: z.string().min(1), message: z.string().min(1), name: z.string(), email: z.email() });

const { connection: mongo } = await mongoose.connect(MONGODB_URL, { writeConcern: { w: "majority", j: true } });
const tickets = mongo.collection("plain_tickets");
const counters = mongo.collection<{ _id: string; value: number }>("plain_counters");
await tickets.createIndex({ requestId: 1 }, { unique: true });
await tickets.createIndex({ tid: 1 }, { unique: true });

const connection = new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const replyQueues = new Map<string, Queue>();

const worker = new Worker(
  process.argv[2] ?? "plain",
  async (job) => {
    const ticket = ticketSchema.parse(job.data.ticket);
    const counter = await counters.findOneAndUpdate({ _id: "ticket" }, { $inc: { value: 1 } }, { upsert: true, returnDocument: "after" });
    const id = counter?.value ?? 0;
    const tid = String(100_000 + id);
    const c = Math.random().toString(36).slice(2, 12);
    await tickets.insertOne({ requestId: job.data.requestId, id, tid, c, status: "Open", createdAt: new Date(), ...ticket });
    const result = { requestId: job.data.requestId, result: "success", id, tid, c };
    if (job.data.replyTo) await reply(job.data.replyTo.queue, result);
    return result;
  },
  { connection, prefix: QUEUE_PREFIX, concurrency: Number(WORKER_CONCURRENCY), removeOnComplete: { count: 0 } },
);
await worker.waitUntilReady();
console.log("ready");

async function reply(name: string, result: { requestId: string; result: string; id: number; tid: string; c: string }): Promise<void> {
  const queue = replyQueues.get(name) ?? new Queue(name, { connection, prefix: QUEUE_PREFIX });
  replyQueues.set(name, queue);
  await queue.add("OpenTicketReply", { v: 1, results: [result] }, { jobId: `reply-${result.requestId}`, removeOnComplete: true });
}

process.on("SIGTERM", () => void worker.close().then(() => process.exit(0)));
