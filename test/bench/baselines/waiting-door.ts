// Baseline: a fastify route that adds the body to a queue and waits for its job as BullMQ's documentation does.
import { randomUUID } from "node:crypto";
import { Queue, QueueEvents } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";

const { REDIS_URL = "", QUEUE_PREFIX = "bull" } = process.env;
const name = process.argv[2] ?? "waiting";
const connect = () => new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue(name, { connection: connect(), prefix: QUEUE_PREFIX });
const events = new QueueEvents(name, { connection: connect(), prefix: QUEUE_PREFIX });
events.setMaxListeners(0);
/** A finished job must still be there when its waiter first looks for it. */
const KEEP = { removeOnComplete: { count: 100 } };
const app = Fastify({ bodyLimit: 64 * 1024 * 1024 });
app.post("/", async (request, reply) => {
  const requestId = randomUUID();
  const job = await queue.add("OpenTicket", { requestId, ticket: request.body }, KEEP);
  return reply.code(200).send(await job.waitUntilFinished(events));
});
await events.waitUntilReady();
console.log(`ready ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
process.on("SIGTERM", () => void app.close().then(() => process.exit(0)));
