import { REPLY_QUEUE_PREFIX } from "@openticket/contract";
import { Queue, UnrecoverableError, Worker } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../test/support/until.ts";
import { connectRedis } from "../src/redis.ts";
import { beat, houseKey, ownersKey, silentFor } from "../src/reply-owners.ts";
import { makeReplyPublisher } from "../src/reply-publisher.ts";
import { type JanitorOptions, sweepReplyQueues } from "../src/reply-queue-janitor.ts";
import { successOf } from "./support/commands.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const connection = connectRedis({ url: redisUrl(), prefix: "test", name: "test", role: "worker" });
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A prefix with one reply waiting on each of these queues. */
async function withReplies(...queues: string[]): Promise<string> {
  const prefix = `${uniquePrefix()}[x]*`;
  const publisher = makeReplyPublisher({ connection, prefix });
  for (const queue of queues) await publisher.publish(queue, successOf({ requestId: "req_a" }));
  cleanups.push(() => publisher.close());
  return prefix;
}

/** A sweep with terms so short that no test has to wait for them. */
const sweep = (prefix: string, options: Partial<JanitorOptions> = {}) =>
  sweepReplyQueues({ connection, prefix, sweepIntervalMs: 1, ownerSilentMs: 60_000, foreignRetentionMs: 60_000, ...options });
const keysOf = (prefix: string, queue: string) => connection.keys(`${prefix.replace(/[[\]*]/g, "\\$&")}:${queue}:*`);
const lockIsFree = async (prefix: string) => {
  await connection.del(houseKey(prefix, "janitor"));
};
const GONE = `${REPLY_QUEUE_PREFIX}gone-0123456789abcdef`;
const ALIVE = `${REPLY_QUEUE_PREFIX}alive-0123456789abcdef`;

describe("the janitor of reply queues", () => {
  it("removes the queue of an owner that is silent, not that of one that beats", async () => {
    const prefix = await withReplies(GONE, ALIVE);
    await connection.zadd(ownersKey(prefix), "1", GONE);
    await beat(connection, ownersKey(prefix), ALIVE);
    expect(await sweep(prefix)).toEqual({ kind: "swept", removedQueues: 1, trimmedReplies: 0 });
    expect(await keysOf(prefix, GONE)).toEqual([]);
    expect(await keysOf(prefix, ALIVE)).not.toEqual([]);
    expect(await connection.zrange(ownersKey(prefix), "0", "-1")).toEqual([ALIVE]);
  });

  it("gives a queue without an owner one term of grace, then removes it", async () => {
    const prefix = await withReplies(GONE);
    expect(await sweep(prefix)).toMatchObject({ removedQueues: 0 });
    expect(await silentFor(connection, ownersKey(prefix), 0)).toEqual([GONE]);
    await lockIsFree(prefix);
    expect(await sweep(prefix, { ownerSilentMs: 0 })).toMatchObject({ removedQueues: 1 });
    expect(await keysOf(prefix, GONE)).toEqual([]);
  });

  it("takes a queue for nobody's but its foreign reader's that begins as ours do and is not named as ours are", async () => {
    const name = `${REPLY_QUEUE_PREFIX}python`;
    const prefix = await withReplies(name);
    // As an earlier version has noted it.
    await connection.zadd(ownersKey(prefix), "1", name);
    expect(await sweep(prefix)).toMatchObject({ removedQueues: 0, trimmedReplies: 0 });
    expect(await new Queue(name, { connection, prefix }).getWaitingCount()).toBe(1);
    await lockIsFree(prefix);
    expect(await sweep(prefix, { foreignRetentionMs: 0 })).toMatchObject({ removedQueues: 0, trimmedReplies: 1 });
  });

  it("takes only what is too old from a foreign queue", async () => {
    const prefix = await withReplies("foreign");
    expect(await sweep(prefix)).toMatchObject({ trimmedReplies: 0 });
    await lockIsFree(prefix);
    expect(await sweep(prefix, { foreignRetentionMs: 0 })).toMatchObject({ removedQueues: 0, trimmedReplies: 1 });
    expect(await new Queue("foreign", { connection, prefix }).getWaitingCount()).toBe(0);
  });

  it("leaves the jobs of a foreign queue's own alone, however old they are, and finds replies that were failed or wait for another try", async () => {
    const prefix = await withReplies("foreign");
    const foreign = new Queue("foreign", { connection, prefix });
    await foreign.add("invoice", {}, { timestamp: 1 });
    await foreign.add("OpenTicketReply", {}, { timestamp: 1, jobId: `reply_${"0".repeat(32)}`, delay: 3_600_000 });
    expect(await sweep(prefix)).toMatchObject({ trimmedReplies: 1 });
    await lockIsFree(prefix);
    expect(await sweep(prefix, { foreignRetentionMs: 0 })).toMatchObject({ trimmedReplies: 1 });
    expect((await foreign.getJobs(["wait", "delayed"])).map(({ name }) => name)).toEqual(["invoice"]);
    await foreign.close();
  });

  it("takes what a foreign reader has failed when it is too old, and none of the reader's own", async () => {
    const prefix = await withReplies("foreign");
    const foreign = new Queue("foreign", { connection, prefix });
    await foreign.add("invoice", {});
    const fail = async () => {
      throw new UnrecoverableError("out of order");
    };
    const worker = new Worker("foreign", fail, { connection, prefix });
    cleanups.push(() => worker.close());
    await until("both have failed", async () => (await foreign.getFailedCount()) === 2);
    expect(await sweep(prefix)).toMatchObject({ trimmedReplies: 0 });
    await lockIsFree(prefix);
    expect(await sweep(prefix, { foreignRetentionMs: 0 })).toMatchObject({ trimmedReplies: 1 });
    expect((await foreign.getFailed()).map(({ name }) => name)).toEqual(["invoice"]);
    await foreign.close();
  });

  it("works once for the whole fleet", async () => {
    const prefix = await withReplies();
    const reports = await Promise.all([1, 2, 3].map(() => sweep(prefix, { sweepIntervalMs: 60_000 })));
    expect(reports.map(({ kind }) => kind).sort()).toEqual(["another-sweeps", "another-sweeps", "swept"]);
  });
});
