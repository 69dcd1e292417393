// Baseline: a fastify route that adds the body to a queue and answers 202. No authentication, no validation.
import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";

const { REDIS_URL = "", QUEUE_PREFIX = "bull" } = process.env;
const queue = new Queue(process.argv[2] ?? "bare", { connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }), prefix: QUEUE_PREFIX });
const app = Fastify();
app.post("/", async (request, reply) => {
  const requestId = randomUUID();
  await queue.add("OpenTicket", { requestId, ticket: request.body });
  return reply.code(202).send({ requestId });
});
console.log(`ready ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
process.on("SIGTERM", () => void app.close().then(() => process.exit(0)));
