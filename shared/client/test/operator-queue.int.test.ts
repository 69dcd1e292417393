import { COMMAND_QUEUE, REPLY_JOB, REQUEST_STATUS_JOB } from "@openticket/contract";
import { FlowProducer, Queue, Worker } from "bullmq";
import { afterAll, expect, it } from "vitest";
import { until } from "../../../test/support/until.ts";
import { makeOperatorQueue } from "../src/operator-queue.ts";
import { connectRedis } from "../src/redis.ts";
import { makeReplyPublisher } from "../src/reply-publisher.ts";
import { successOf } from "./support/commands.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const connection = connectRedis({ url: redisUrl(), prefix: "test", name: "test", role: "worker" });
const prefix = uniquePrefix();
const queue = new Queue(COMMAND_QUEUE, { connection, prefix });
/** Jobs of a queue that no look at one page of it sees whole. */
const LONG = 3000;
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

it("takes every matching job out of a long queue, though workers take from it meanwhile", async () => {
  const long = uniquePrefix();
  const [commands, operator] = [new Queue(COMMAND_QUEUE, { connection, prefix: long }), makeOperatorQueue({ connection, prefix: long })];
  const ofEve = (index: number) => index % 100 === 99 || index >= LONG - 600;
  const jobs = Array.from({ length: LONG }, (_, index) => ({ name: "OpenTicket", data: { isEves: ofEve(index) }, opts: { removeOnComplete: true } }));
  await commands.addBulk(jobs);
  let taken = 0;
  const worker = new Worker(COMMAND_QUEUE, async () => void taken++, { connection, prefix: long, concurrency: 2 });
  await until("the worker to take jobs", async () => taken > 0);
  await operator.removeMatching((data) => (data as { isEves: boolean }).isEves);
  await worker.close();
  const left = (await commands.getJobs(["wait"])).map(({ data }) => data.isEves);
  expect([left.length > 0, left.filter(Boolean)]).toEqual([true, []]);
  expect(taken).toBeGreaterThan(2);
  await Promise.all([operator.close(), commands.close()]);
});

it("takes out what waits for its flow as well, and leaves what a worker has in hand", async () => {
  const own = uniquePrefix();
  const flows = new FlowProducer({ connection, prefix: own });
  const [commands, operator] = [new Queue(COMMAND_QUEUE, { connection, prefix: own }), makeOperatorQueue({ connection, prefix: own })];
  await flows.add({ name: "OpenTicket", queueName: COMMAND_QUEUE, children: [{ name: "invoice", queueName: "billing" }] });
  const options = [{}, { priority: 3 }, { delay: 3_600_000 }];
  for (const opts of options) await commands.add("OpenTicket", {}, opts);
  const worker = new Worker(COMMAND_QUEUE, null, { connection, prefix: own });
  await worker.getNextJob("token");
  expect(await operator.removeMatching(() => true)).toEqual({ removed: 3, active: 1 });
  await Promise.all([flows.close(), worker.close(), operator.close(), commands.close()]);
});

/** A foreign requester's queue with the replies to three requests, the last two in one message. */
async function aReplyQueue() {
  const own = uniquePrefix();
  const [replies, operator] = [new Queue("crm", { connection, prefix: own }), makeOperatorQueue({ connection, prefix: own })];
  const publisher = makeReplyPublisher({ connection, prefix: own });
  await Promise.all(["first", "eves", "last"].map((requestId) => publisher.publish("crm", successOf({ requestId }))));
  await publisher.close();
  const reader = new Worker("crm", null, { connection, prefix: own });
  const close = () => Promise.all([replies.close(), operator.close(), reader.close()]);
  const waiting = async () => (await replies.getJobs(["wait"], 0, -1, true)).map(({ data }) => data);
  return { replies, operator, reader, waiting, close };
}

it("takes the results of some requests out of replies, and leaves those of others for their readers", async () => {
  const { operator, waiting, close } = await aReplyQueue();
  expect(await operator.removeReplies(new Set(["eves", "unknown"]))).toBe(1);
  expect(await operator.removeReplies(new Set(["eves"]))).toBe(0);
  expect(await waiting()).toEqual(["first", "last"].map((requestId) => ({ v: 1, results: [successOf({ requestId })] })));
  expect(await operator.removeReplies(new Set(["first", "last"]))).toBe(2);
  expect(await waiting()).toEqual([]);
  await close();
});

it("takes nothing out of what its owner has put beside the replies, whatever that is", async () => {
  const { replies, operator, waiting, close } = await aReplyQueue();
  const likeOurs = (digit: string) => ({ jobId: `reply_${digit.repeat(32)}` });
  const odd: [string, unknown, object][] = [
    ["sync", { results: "eves" }, {}],
    ["sync", { results: [{ requestId: "eves" }] }, likeOurs("1")],
    [REPLY_JOB, { results: [{ requestId: "eves" }] }, { jobId: "mine" }],
    [REQUEST_STATUS_JOB, { statuses: [{ requestId: "eves" }] }, { jobId: "also-mine" }],
    [REPLY_JOB, { statuses: [{ requestId: "eves" }] }, likeOurs("8")],
    [REPLY_JOB, { results: null }, likeOurs("2")],
    [REPLY_JOB, { results: {} }, likeOurs("3")],
    [REPLY_JOB, { results: [null, "eves", { requestId: 7 }] }, likeOurs("4")],
    [REPLY_JOB, null, likeOurs("5")],
    [REPLY_JOB, "eves", likeOurs("6")],
  ];
  for (const [name, data, options] of odd) await replies.add(name, data, options);
  await connection.hset(replies.toKey((await replies.add(REPLY_JOB, {}, likeOurs("7"))).id ?? ""), "data", "no JSON");
  expect(await operator.removeReplies(new Set(["eves"]))).toBe(1);
  await connection.hset(replies.toKey(likeOurs("7").jobId), "data", "7");
  expect((await waiting()).slice(2)).toEqual([...odd.map(([, data]) => data), 7]);
  await close();
});

it("takes them out of a reply that its reader has in hand as well, in case it comes back", async () => {
  const { operator, reader, waiting, close } = await aReplyQueue();
  const inHand = [await reader.getNextJob("token"), await reader.getNextJob("token")];
  expect(await operator.removeReplies(new Set(["first", "eves"]))).toBe(2);
  for (const job of inHand) {
    await job?.moveToFailed(new Error("again"), "token");
    await job?.promote();
  }
  const back = [
    { v: 1, results: [] },
    { v: 1, results: [successOf({ requestId: "last" })] },
  ];
  expect(await waiting()).toEqual(expect.arrayContaining(back));
  await close();
});

it("takes what became of some requests out of answers to questions as well", async () => {
  const { replies, operator, waiting, close } = await aReplyQueue();
  const answerOn = (...requestIds: string[]) => ({
    v: 1,
    statuses: requestIds.map((requestId) => ({ requestId, state: "done", result: successOf({ requestId }) })),
  });
  await replies.add(REQUEST_STATUS_JOB, answerOn("asked", "eves"), { jobId: "ask_1-answer" });
  await replies.add(REQUEST_STATUS_JOB, answerOn("eves"), { jobId: "ask_2-answer" });
  expect(await operator.removeReplies(new Set(["eves"]))).toBe(3);
  expect((await waiting()).slice(2)).toEqual([answerOn("asked")]);
  await close();
});
