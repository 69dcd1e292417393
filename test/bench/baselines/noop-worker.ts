// Baseline: BullMQ itself. The worker takes every job and does nothing with it.
import { Worker } from "bullmq";
import { Redis } from "ioredis";

const { REDIS_URL = "", QUEUE_PREFIX = "bull", WORKER_CONCURRENCY = "200" } = process.env;
const connection = new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const worker = new Worker(process.argv[2] ?? "noop", async () => {}, {
  connection,
  prefix: QUEUE_PREFIX,
  concurrency: Number(WORKER_CONCURRENCY),
  removeOnComplete: { count: 0 },
});
await worker.waitUntilReady();
console.log("ready");
process.on("SIGTERM", () => void worker.close().then(() => process.exit(0)));
