import { COMMAND_QUEUE, REPLY_JOB, REPLY_QUEUE_PREFIX, REQUEST_STATUS_JOB, STATUS_QUEUE } from "@openticket/contract";
import { Queue, UnrecoverableError, Worker } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../test/support/until.ts";
import { connectRedis } from "../src/redis.ts";
import { makeReplyPublisher, type ReplyPublisherOptions } from "../src/reply-publisher.ts";
import { successOf } from "./support/commands.ts";
import { startProxy } from "./support/cuttable-proxy.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function aConnection(url = redisUrl()) {
  const connection = connectRedis({ url, prefix: "test", name: "test", role: "worker" });
  cleanups.push(async () => connection.disconnect());
  return connection;
}

function aPublisher(options: Partial<ReplyPublisherOptions> & { prefix: string }) {
  const publisher = makeReplyPublisher({ connection: aConnection(), ...options });
  cleanups.push(() => publisher.close());
  return publisher;
}

const waitingJobs = async (prefix: string, queue: string) => await new Queue(queue, { connection: aConnection(), prefix }).getJobs(["wait"], 0, -1, true);
const results = (count: number) => Array.from({ length: count }, (_, index) => successOf({ requestId: `req_${index}` }, index + 1));
const OWN = `${REPLY_QUEUE_PREFIX}test-0123456789abcdef`;

describe("the reply publisher", () => {
  it("sends a lone reply at once and what comes meanwhile in one job", async () => {
    const prefix = uniquePrefix();
    const publisher = aPublisher({ prefix });
    await Promise.all(results(100).map((result) => publisher.publish(OWN, result)));
    const jobs = await waitingJobs(prefix, OWN);
    expect(jobs.map(({ name, data }) => [name, data.v, data.results.length])).toEqual([
      [REPLY_JOB, 1, 1],
      [REPLY_JOB, 1, 99],
    ]);
    expect(jobs.flatMap(({ data }) => data.results)).toEqual(results(100));
  });

  it("makes one job of a reply that is published twice, two of different replies to one request", async () => {
    const prefix = uniquePrefix();
    const publisher = aPublisher({ prefix });
    const result = successOf({ requestId: "req_a" });
    await publisher.publish(OWN, result);
    await publisher.publish(OWN, result);
    await publisher.publish(OWN, { ...result, correlationId: "other-caller" });
    expect(await waitingJobs(prefix, OWN)).toHaveLength(2);
  });

  it("sends once what is published again while Redis is away", async () => {
    const prefix = uniquePrefix();
    const proxy = await startProxy(redisUrl());
    cleanups.push(() => proxy.close());
    const publisher = aPublisher({ prefix, connection: aConnection(proxy.url) });
    await publisher.publish(OWN, successOf({ requestId: "req_first" }));
    await proxy.cut();
    const results = [successOf({ requestId: "req_a" }), successOf({ requestId: "req_b" })];
    const tries = [...results, ...results, ...results].map((result) => publisher.publish(OWN, structuredClone(result)));
    await proxy.restore();
    await Promise.all(tries);
    const sent = (await waitingJobs(prefix, OWN)).flatMap(({ data }) => data.results.map(({ requestId }: { requestId: string }) => requestId));
    expect(sent.toSorted()).toEqual(["req_a", "req_b", "req_first"]);
  });

  it("makes one job of each reply when the connection breaks before the answer", async () => {
    const prefix = uniquePrefix();
    const proxy = await startProxy(redisUrl());
    cleanups.push(() => proxy.close());
    const publisher = aPublisher({ prefix, connection: aConnection(proxy.url) });
    await publisher.publish(OWN, successOf({ requestId: "req_first" }));
    for (const requestId of ["req_b", "req_c", "req_d"]) {
      const cut = proxy.cutAfterAnswerTo(requestId);
      await publisher.publish(OWN, successOf({ requestId }));
      await cut;
    }
    expect(await waitingJobs(prefix, OWN)).toHaveLength(4);
  });

  it("keeps a queue that nobody reads within its length, oldest first, counted", async () => {
    const prefix = uniquePrefix();
    const publisher = aPublisher({ prefix, maxWaitingJobs: 8 });
    for (const queue of [OWN, "foreign-replies"]) {
      for (const result of results(30)) await publisher.publish(queue, result);
      const jobs = await waitingJobs(prefix, queue);
      expect(jobs.map(({ data }) => data.results[0].id)).toEqual([23, 24, 25, 26, 27, 28, 29, 30]);
    }
    expect(publisher.counts.trimmed).toBe(44);
  });

  it("removes nothing but its own replies from a queue where its reader's own jobs wait as well", async () => {
    const prefix = uniquePrefix();
    const shared = new Queue("billing", { connection: aConnection(), prefix });
    const publisher = aPublisher({ prefix, maxWaitingJobs: 8 });
    // The second has the kind of name that we give, the third the name of our jobs.
    await shared.addBulk([
      ...Array.from({ length: 20 }, (_, n) => ({ name: "invoice", data: { n } })),
      { name: "invoice", data: {}, opts: { jobId: "its-own-answer" } },
      { name: REPLY_JOB, data: {}, opts: { jobId: "its-own-reply" } },
    ]);
    for (const result of results(30)) await publisher.publish("billing", result);
    const jobs = await waitingJobs(prefix, "billing");
    expect(jobs.slice(0, 22).map(({ id, name }) => [id, name])).toEqual([
      ...Array.from({ length: 20 }, (_, n) => [String(n + 1), "invoice"]),
      ["its-own-answer", "invoice"],
      ["its-own-reply", REPLY_JOB],
    ]);
    expect(jobs.slice(22).map(({ data }) => data.results[0].id)).toEqual([23, 24, 25, 26, 27, 28, 29, 30]);
    expect(publisher.counts.trimmed).toBe(22);
  });

  it("answers nobody where a queue of the product's own is named, and says so", async () => {
    const prefix = uniquePrefix();
    const warnings: unknown[] = [];
    const publisher = aPublisher({ prefix, logger: { warn: (fields) => void warnings.push(fields) } });
    await publisher.publish(COMMAND_QUEUE, successOf({ requestId: "req_a" }));
    await publisher.send(STATUS_QUEUE, { jobName: REQUEST_STATUS_JOB, data: {}, id: "q-answer" });
    expect([await waitingJobs(prefix, COMMAND_QUEUE), await waitingJobs(prefix, STATUS_QUEUE), publisher.counts.openQueues]).toEqual([[], [], 0]);
    expect(warnings).toEqual([
      { queue: COMMAND_QUEUE, requestId: "req_a" },
      { queue: STATUS_QUEUE, jobName: REQUEST_STATUS_JOB, jobId: "q-answer" },
    ]);
  });

  it("closes the queue that was unused for longest, and still serves it later", async () => {
    const prefix = uniquePrefix();
    const publisher = aPublisher({ prefix, maxOpenQueues: 3 });
    for (const name of ["a", "b", "c", "d", "e", "a"]) await publisher.publish(name, successOf({ requestId: `req_${name}` }));
    expect(publisher.counts.openQueues).toBe(3);
    expect(await waitingJobs(prefix, "a")).toHaveLength(1);
  });

  it("leaves nothing behind of a reply that was read", async () => {
    const prefix = uniquePrefix();
    await aPublisher({ prefix }).publish(OWN, successOf({ requestId: "req_a" }));
    const worker = new Worker(OWN, async () => undefined, { connection: aConnection(), prefix });
    cleanups.push(() => worker.close());
    await new Promise((resolve) => worker.once("completed", resolve));
    const queue = new Queue(OWN, { connection: aConnection(), prefix });
    expect(await queue.getJobCounts("completed", "wait", "active", "failed")).toEqual({ completed: 0, wait: 0, active: 0, failed: 0 });
  });

  it("gives a foreign reader that fails a reply again, and keeps what it has failed as often as it may", async () => {
    const prefix = uniquePrefix();
    await aPublisher({ prefix }).publish("billing", successOf({ requestId: "req_a" }));
    const queue = new Queue("billing", { connection: aConnection(), prefix });
    let tries = 0;
    const fail = async () => {
      tries++;
      throw new Error("out of order");
    };
    const worker = new Worker("billing", fail, { connection: aConnection(), prefix, removeOnFail: { count: 0 } });
    cleanups.push(() => worker.close());
    await until("the last try", async () => {
      for (const job of await queue.getDelayed()) await job.promote().catch(() => undefined);
      return (await queue.getFailedCount()) === 1;
    });
    expect(tries).toBe(3);
    expect((await queue.getFailed()).map(({ data }) => data.results[0].requestId)).toEqual(["req_a"]);
  });

  it("leaves alone what else a foreign reader has failed, however old, and bounds what it has failed of ours", async () => {
    const prefix = uniquePrefix();
    const publisher = aPublisher({ prefix, maxWaitingJobs: 8 });
    const billing = new Queue("billing", { connection: aConnection(), prefix });
    const fail = async () => {
      throw new UnrecoverableError("out of order");
    };
    const worker = new Worker("billing", fail, { connection: aConnection(), prefix });
    cleanups.push(() => worker.close());
    await billing.add("invoice", {});
    await until("its own job has failed", async () => (await billing.getFailedCount()) === 1);
    // As if it had failed in 1970.
    await aConnection().zadd(billing.toKey("failed"), "1", "1");
    for (const [n, result] of results(30).entries()) {
      await publisher.publish("billing", result);
      await until("it has failed", async () => (await billing.getFailed(0, 0))[0]?.data.results?.[0].id === n + 1);
    }
    const [oldest, ...ours] = await billing.getJobs(["failed"], 0, -1, true);
    expect(oldest?.name).toBe("invoice");
    // The last one may have failed after the last look.
    expect(ours.slice(-8).map(({ data }) => data.results[0].id)).toEqual([23, 24, 25, 26, 27, 28, 29, 30]);
    expect(ours.length).toBeLessThanOrEqual(9);
  });

  it("refuses a queue name that BullMQ cannot have", async () => {
    await expect(aPublisher({ prefix: uniquePrefix() }).publish("a:b", successOf({ requestId: "req_a" }))).rejects.toThrow();
  });
});
