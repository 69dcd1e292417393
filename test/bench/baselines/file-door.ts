// Baseline: a fastify route that takes a multipart form, streams its file into GridFS, adds the fields with a reference
// to a queue, and waits for its job as BullMQ's documentation does.
import { randomUUID } from "node:crypto";
import { pipeline } from "node:stream/promises";
import multipart from "@fastify/multipart";
import { Queue, QueueEvents } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";
import mongoose from "mongoose";

const { MONGODB_URL = "", REDIS_URL = "", QUEUE_PREFIX = "bull" } = process.env;
const name = process.argv[2] ?? "files";
const connect = () => new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue(name, { connection: connect(), prefix: QUEUE_PREFIX });
const events = new QueueEvents(name, { connection: connect(), prefix: QUEUE_PREFIX });
events.setMaxListeners(0);
const { connection: mongo } = await mongoose.connect(MONGODB_URL, { writeConcern: { w: "majority", j: true } });
if (!mongo.db) throw new Error("the connection has no database");
const bucket = new mongoose.mongo.GridFSBucket(mongo.db, { bucketName: "plain_files" });
/** A finished job must still be there when its waiter first looks for it. */
const KEEP = { removeOnComplete: { count: 100 } };
const app = Fastify();
await app.register(multipart, { limits: { fileSize: 32 * 1024 * 1024 } });
app.post("/", async (request, reply) => {
  const requestId = randomUUID();
  const ticket: Record<string, unknown> = {};
  const attachments: { name: string; fileId: string }[] = [];
  for await (const part of request.parts()) {
    if (part.type === "field") {
      ticket[part.fieldname] = part.fieldname === "deptid" ? Number(part.value) : part.value;
      continue;
    }
    const upload = bucket.openUploadStream(part.filename);
    await pipeline(part.file, upload);
    attachments.push({ name: part.filename, fileId: String(upload.id) });
  }
  const job = await queue.add("OpenTicket", { requestId, ticket: { ...ticket, attachments } }, KEEP);
  return reply.code(200).send(await job.waitUntilFinished(events));
});
await events.waitUntilReady();
console.log(`ready ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
process.on("SIGTERM", () => void app.close().then(() => process.exit(0)));
