import { COMMAND_QUEUE } from "@openticket/contract";
import { FlowProducer, Queue } from "bullmq";
import { afterAll, expect, it } from "vitest";
import { makeOperatorQueue } from "../src/operator-queue.ts";
import { connectRedis } from "../src/redis.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const connection = connectRedis({ url: redisUrl(), prefix: "test", name: "test", role: "worker" });
const prefix = uniquePrefix();
const queue = new Queue(COMMAND_QUEUE, { connection, prefix });
afterAll(async () => {
  await queue.close();
  connection.disconnect();
});

it("what is taken out of a flow leaves its other jobs where they are", async () => {
  const [flows, billing, operator] = [
    new FlowProducer({ connection, prefix }),
    new Queue("billing", { connection, prefix }),
    makeOperatorQueue({ connection, prefix }),
  ];
  await flows.add({ name: "OpenTicket", queueName: COMMAND_QUEUE, opts: { jobId: "j1" }, children: [{ name: "invoice", queueName: "billing" }] });
  await connection.zrem(queue.toKey("waiting-children"), "j1");
  await connection.zadd(queue.toKey("failed"), Date.now(), "j1");
  expect(await operator.removeMatching(() => true)).toEqual({ removed: 1, active: 0 });
  expect([await queue.getFailedCount(), await billing.getWaitingCount()]).toEqual([0, 1]);
  await Promise.all([flows.close(), billing.close(), operator.close()]);
});

it("a job whose producer gave a time that is none is shown all the same", async () => {
  const operator = makeOperatorQueue({ connection, prefix });
  await queue.add("OpenTicket", {}, { jobId: "odd", timestamp: 1.7e18 });
  expect(await operator.job("odd")).toMatchObject({ state: "waiting", createdAt: new Date(0) });
  expect(await operator.counts()).toMatchObject({ oldestWaitingAt: new Date(0) });
  await operator.close();
});
