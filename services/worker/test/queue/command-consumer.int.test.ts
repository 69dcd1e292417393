import { jobNamesOf } from "@openticket/client";
import { COMMAND_QUEUE, type CommandResult, type DeadLetter, IDEMPOTENCY_CONFLICT, readCommand, resultOfErrors } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { FlowProducer, Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { testRedisUrl, uniqueName } from "../../../../test/support/servers.ts";
import { until } from "../../../../test/support/until.ts";
import { commandAction, type Decided, type RunOptions } from "../../src/queue/action.ts";
import { type CommandConsumer, startCommandConsumer } from "../../src/queue/command-consumer.ts";
import type { ConsumerDeps } from "../../src/queue/consumer-deps.ts";
import { buryFailedJobs } from "../../src/queue/give-up.ts";

/** A reply queue that takes nothing. */
const REFUSING = "refusing";
const TICKET = { ticket: { deptid: 1 }, replyTo: { queue: "replies" } };
class Outage extends Error {}
class TooEarly extends Error {}

let prefix: string;
let connection: Redis;
let queue: Queue;
let consumers: CommandConsumer[];
beforeEach(() => {
  prefix = uniqueName("consumer");
  connection = new Redis(testRedisUrl(), { maxRetriesPerRequest: null });
  queue = new Queue(COMMAND_QUEUE, { connection, prefix });
  consumers = [];
});
afterEach(async () => {
  for (const consumer of consumers) await consumer.close();
  await queue.obliterate({ force: true });
  await queue.close();
  connection.disconnect();
});

/** A consumer whose n-th decision does what `story[n]` says; the last one repeats. */
const consume = (...story: Story) => consumeUpTo(5, ...story);

type Story = (() => Promise<void> | void)[];

function consumeUpTo(concurrency: number, ...story: Story) {
  const buried: DeadLetter[] = [];
  const replies: CommandResult[] = [];
  const decidedBefore = new Map<string, Decided>();
  let decisions = 0;
  const metrics = makeMetrics();
  const decide = async ({ requestId }: { requestId: string }) => {
    await story[Math.min(decisions++, story.length - 1)]?.();
    return { kind: "rejected", result: resultOfErrors({ requestId }, [{ code: "x", message: "decided" }]) };
  };
  const deps: ConsumerDeps = {
    actions: new Map([["openticket", commandAction({ read: readCommand, decide, recall: async ({ requestId }) => decidedBefore.get(requestId) })]]),
    reply: async (to, result) => (to === REFUSING ? Promise.reject(new Error("NOPERM")) : void replies.push(result)),
    decided: () => undefined,
    bury: async (letter) => void buried.push(letter),
    failed: (request, error) => resultOfErrors(request, [error]),
    isOutage: (error) => error instanceof Outage,
    isTooEarly: (error) => error instanceof TooEarly,
    now: () => new Date(),
    random: () => 0,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics,
  };
  const consumer = startCommandConsumer({ connection, prefix, concurrency, lockDurationMs: 30_000 }, deps);
  consumers.push(consumer);
  return { deps, buried, replies, decidedBefore, decisions: () => decisions, metrics };
}

const fault = (error: Error) => () => {
  throw error;
};
/** Jobs put back wait for a while that grows; nobody is to wait for that here. */
async function hurry(): Promise<void> {
  for (const job of await queue.getDelayed()) await job.promote().catch(() => undefined);
}
const isEmpty = async () => (await queue.getJobCountByTypes("waiting", "active", "delayed", "failed")) === 0;

it.each([1, 3, 20])("no more than %d commands are in hand, and as many when there are enough", async (concurrency) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { replies, decisions } = consumeUpTo(concurrency, () => held);
  await queue.addBulk(Array.from({ length: concurrency + 5 }, () => ({ name: "OpenTicket", data: TICKET })));
  await until("all places to be taken", () => decisions() === concurrency);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([decisions(), consumers[0]?.inHand()]).toEqual([concurrency, concurrency]);
  release();
  await until("the replies", () => replies.length === concurrency + 5);
});

describe("faults", () => {
  it("of a store that is away are waited out, however often they come", async () => {
    const outages = Array.from({ length: 20 }, () => fault(new Outage("away")));
    const { replies, buried, decisions } = consume(...outages, () => undefined);
    await queue.add("OpenTicket", TICKET);
    await until("the reply", () => hurry().then(() => replies.length > 0));
    expect([decisions(), buried, replies[0]?.result]).toEqual([21, [], "error"]);
  });

  it("are none where a request waits for another one", async () => {
    const { buried, metrics, replies } = consume(...Array.from({ length: 10 }, () => fault(new TooEarly("not yet"))), () => undefined);
    await queue.add("OpenTicket", TICKET);
    await until("the reply", () => hurry().then(() => replies.length > 0));
    expect(buried).toEqual([]);
    expect((await metrics.expose()).body).toMatch(/retries_total\{cause="order"\} 10/);
  });

  it("that we do not know are tried a bounded number of times, then kept, and the requester is told", async () => {
    const { buried, replies, decisions } = consume(fault(new TypeError("a bug")));
    await queue.add("OpenTicket", { ...TICKET, requestId: "req_bug" });
    await until("the dead letter", () => hurry().then(() => buried.length > 0));
    expect(decisions()).toBe(8);
    expect(buried).toMatchObject([{ _id: "req_bug", code: "failed", reason: "a bug", jobName: "OpenTicket" }]);
    expect(JSON.parse(buried[0]?.dataJson ?? "")).toMatchObject(TICKET);
    expect(replies).toMatchObject([{ requestId: "req_bug", result: "error", errors: [{ code: "failed" }] }]);
    await until("an empty queue", isEmpty);
  });

  it("count only when they are no outage", async () => {
    const mixed = Array.from({ length: 14 }, (_, n) => fault(n % 2 === 0 ? new Outage("away") : new Error("a bug")));
    const { buried, replies } = consume(...mixed, () => undefined);
    await queue.add("OpenTicket", TICKET);
    await until("the reply", () => hurry().then(() => replies.length > 0));
    expect(buried).toEqual([]);
  });

  it.each<[string, string, unknown, string]>([
    ["data that is no command", "OpenTicket", { v: 1, ticket: "text", requestId: "req_x", replyTo: { queue: "replies" } }, "command_unreadable"],
    ["an action that does not exist", "CloseTicket", { ...TICKET, requestId: "req_x" }, "action_unknown"],
  ])("%s is kept at once, and answered", async (_what, name, data, code) => {
    const { buried, replies, decisions } = consume(() => undefined);
    await queue.add(name, data);
    await until("the reply", () => replies.length > 0);
    expect([decisions(), buried[0]?.code, replies[0]?.requestId]).toEqual([0, code, "req_x"]);
    await until("an empty queue", isEmpty);
  });

  it("of jobs that ask for the same have one fingerprint, whoever sent them, and others have others", async () => {
    const { buried } = consume(() => undefined);
    for (const correlationId of ["c1", "c2"]) await queue.add("CloseTicket", { ...TICKET, requestId: "req_x", correlationId });
    await queue.add("CloseTicket", { ...TICKET, requestId: "req_x", ticket: { deptid: 2 } });
    await queue.add("MergeTicket", { ...TICKET, requestId: "req_x" });
    await until("the dead letters", () => buried.length === 4);
    expect(new Set(buried.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });

  it("of one command have one fingerprint, however it was written", async () => {
    const { buried } = consume(fault(new Error("a bug")));
    for (const ticket of [
      { deptid: 1, subject: "s" },
      { subject: "s", deptid: "1" },
      { subject: "t", deptid: 1 },
    ]) {
      await queue.add("OpenTicket", { ...TICKET, requestId: "req_x", ticket });
    }
    await until("the dead letters", () => hurry().then(() => buried.length === 3));
    const subjects = new Map(buried.map(({ fingerprint, dataJson }) => [fingerprint, JSON.parse(dataJson ?? "").ticket.subject]));
    expect([...subjects.values()].toSorted()).toEqual(["s", "t"]);
  });

  it.each([1.7e18, -1, 4e15])("a job made at %d, which is no time, is decided like any other, and kept like any other", async (timestamp) => {
    const { replies, buried } = consume(() => undefined);
    await queue.add("OpenTicket", { ...TICKET, requestId: "req_good" }, { timestamp });
    await queue.add("CloseTicket", { ...TICKET, requestId: "req_bad" }, { timestamp });
    await until("the replies", () => replies.length === 2);
    expect(buried).toMatchObject([{ _id: "req_bad", receivedAt: expect.any(Date) }]);
    expect(Math.abs(Date.now() - (buried[0]?.receivedAt.getTime() ?? 0))).toBeLessThan(60_000);
    await until("an empty queue", isEmpty);
  });

  it("of one job do not hold up the others", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { replies } = consume(
      () => held,
      () => undefined,
    );
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: "OpenTicket", data: TICKET })));
    await until("the four others", () => replies.length === 4);
    release();
    await until("the first one", () => replies.length === 5);
  });
});

describe("jobs that BullMQ has failed without our code", () => {
  /** A job that stands as if BullMQ had failed it. */
  async function addFailed(jobId: string, data: object): Promise<void> {
    await queue.pause();
    await queue.add("OpenTicket", data, { jobId });
    await connection.lrem(queue.toKey("paused"), 0, jobId);
    await connection.lrem(queue.toKey("wait"), 0, jobId);
    await connection.zadd(queue.toKey("failed"), Date.now(), jobId);
  }

  it("become dead letters, their requesters are answered, and they are taken out", async () => {
    await addFailed("j1", { ...TICKET, requestId: "req_stalled" });
    const { deps, buried, replies } = consume(() => undefined);
    expect(await buryFailedJobs(await queue.getFailed(), deps)).toBe(1);
    expect([buried[0]?._id, replies[0]?.requestId]).toEqual(["req_stalled", "req_stalled"]);
    expect(await queue.getFailedCount()).toBe(0);
    await queue.resume();
  });

  it("leave the other jobs of their flow where they are: those are their producer's", async () => {
    const flows = new FlowProducer({ connection, prefix });
    const billing = new Queue("billing", { connection, prefix });
    const data = { ...TICKET, requestId: "req_parent" };
    await flows.add({ name: "OpenTicket", queueName: COMMAND_QUEUE, data, opts: { jobId: "j1" }, children: [{ name: "invoice", queueName: "billing" }] });
    await connection.zrem(queue.toKey("waiting-children"), "j1");
    await connection.zadd(queue.toKey("failed"), Date.now(), "j1");
    const { deps, buried } = consume(() => undefined);
    await buryFailedJobs(await queue.getFailed(), deps);
    expect([buried[0]?._id, await queue.getFailedCount(), await billing.getWaitingCount()]).toEqual(["req_parent", 0, 1]);
    await billing.obliterate({ force: true });
    await billing.close();
    await flows.close();
  });

  it("are kept without data that no document holds", async () => {
    await addFailed("j1", { ...TICKET, requestId: "req_large", ticket: { message: "ü".repeat(8 * 1024 * 1024) } });
    const { deps, buried } = consume(() => undefined);
    await buryFailedJobs(await queue.getFailed(), deps);
    expect(buried).toMatchObject([{ _id: "req_large", lostDataBytes: expect.any(Number) }]);
    expect(buried[0]?.lostDataBytes).toBeGreaterThan(16 * 1024 * 1024);
    expect(buried[0]).not.toHaveProperty("dataJson");
    await queue.resume();
  });

  it("are kept and answered whatever they hold: without what the store refuses, or nobody can write down", async () => {
    const nested = "[".repeat(100_000) + "]".repeat(100_000);
    await addFailed("j1", { ...TICKET, requestId: "req_deep", ticket: "@" });
    await connection.hset(queue.toKey("j1"), "data", JSON.stringify({ ...TICKET, requestId: "req_deep", ticket: "@" }).replace('"@"', nested));
    await addFailed("j2", { ...TICKET, requestId: "req_refused", source: { channel: "x" } });
    await connection.hset(queue.toKey("j2"), "name", "N".repeat(1000));
    const { deps, buried, replies } = consume(() => undefined);
    const bury = async (letter: DeadLetter) => (letter.source ? Promise.reject(new TypeError("refused")) : deps.bury(letter));
    await buryFailedJobs(await queue.getFailed(), { ...deps, bury });
    const names = ["req_deep", "req_refused"];
    expect([buried.map(({ _id }) => _id).toSorted(), replies.map(({ requestId }) => requestId).toSorted()]).toEqual([names, names]);
    for (const letter of buried) expect(letter).not.toHaveProperty("dataJson");
    expect(Math.max(...replies.map((reply) => JSON.stringify(reply).length))).toBeLessThan(2000);
    expect(await queue.getFailedCount()).toBe(0);
    await queue.resume();
  });

  it("do not wait for one that cannot be kept, unless nothing can", async () => {
    await addFailed("j1", { ...TICKET, requestId: "req_odd" });
    await addFailed("j2", { ...TICKET, requestId: "req_good" });
    const { deps, buried } = consume(() => undefined);
    const refusing = (error: Error): ConsumerDeps => ({
      ...deps,
      bury: async (letter) => (letter._id === "req_odd" ? Promise.reject(error) : deps.bury(letter)),
    });
    const failed = (await queue.getFailed()).toSorted((a, b) => String(a.id).localeCompare(String(b.id)));
    await expect(buryFailedJobs(failed, refusing(new Outage("away")))).rejects.toThrow("away");
    expect(buried).toEqual([]);
    await buryFailedJobs(failed, refusing(new RangeError("too large")));
    expect(buried).toMatchObject([{ _id: "req_good" }]);
    expect((await queue.getFailed()).map(({ id }) => id)).toEqual(["j1"]);
    await queue.resume();
  });
});

describe("jobs that were lost with their workers", () => {
  const LOST = { jobId: "lost" };
  /** A job that stands as if so many workers had lost it, and so many had died while they tried it alone. */
  async function addLost({ losses, deaths }: { losses: number; deaths: number }): Promise<void> {
    await queue.pause();
    const job = await queue.add("OpenTicket", { ...TICKET, requestId: "req_lost" }, LOST);
    await connection.hset(queue.toKey("lost"), "stc", losses);
    await job.updateProgress({ deaths });
  }

  it("run like any other, however often they were lost, while nothing says that they are the cause", async () => {
    await addLost({ losses: 50, deaths: 0 });
    const { buried, decisions, replies } = consume(() => undefined);
    await queue.resume();
    await until("the reply", () => replies.length === 1);
    expect([decisions(), buried]).toEqual([1, []]);
    await until("an empty queue", isEmpty);
  });

  it("are poison when workers died that tried them alone", async () => {
    await addLost({ losses: 4, deaths: 2 });
    const { buried, decisions, replies } = consume(() => undefined);
    await queue.resume();
    await until("the reply", () => replies.length === 1);
    expect([decisions(), buried[0]?.code, replies[0]?.result]).toEqual([0, "poison", "error"]);
  });

  it("are noted before they are tried, and acquitted when their worker lives on", async () => {
    await addLost({ losses: 4, deaths: 1 });
    const seen: unknown[] = [];
    const look = async () => void seen.push((await queue.getJob("lost"))?.progress);
    const { buried } = consume(async () => {
      await look();
      throw new Outage("away");
    });
    await queue.resume();
    await until("it to wait", async () => (await queue.getDelayedCount()) === 1);
    await look();
    expect([seen, buried]).toMatchObject([[{ deaths: 2 }, { deaths: 1 }], []]);
  });
});

it("a job that is held for as long as half its lock may be another worker's as well, though the clock was set back", async () => {
  const { replies, deps } = consume(() => undefined);
  await consumers.pop()?.close();
  let runs = 0;
  const decide = async ({ requestId }: { requestId: string }, { mayHaveTwin }: RunOptions) => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() - 3_600_000);
    runs++;
    await until("half of the lock", mayHaveTwin, 2_000).finally(() => clock.mockRestore());
    return { kind: "rejected", result: resultOfErrors({ requestId }, []) };
  };
  const actions = new Map([["openticket", commandAction({ read: readCommand, decide, recall: async () => undefined })]]);
  consumers.push(startCommandConsumer({ connection, prefix, concurrency: 1, lockDurationMs: 3_000 }, { ...deps, actions }));
  await queue.add("OpenTicket", TICKET);
  await until("the reply", () => replies.length === 1);
  expect(runs).toBe(1);
});

it("a job that runs again may have a twin, such as the operator's word that its letter is dropped", async () => {
  const { replies, deps } = consume(() => undefined);
  await consumers.pop()?.close();
  const seen: [string, boolean][] = [];
  const decide = async ({ requestId }: { requestId: string }, { mayHaveTwin }: RunOptions) => {
    seen.push([requestId, mayHaveTwin()]);
    return { kind: "rejected", result: resultOfErrors({ requestId }, []) };
  };
  const actions = new Map([["openticket", commandAction({ read: readCommand, decide, recall: async () => undefined })]]);
  consumers.push(startCommandConsumer({ connection, prefix, concurrency: 1, lockDurationMs: 30_000 }, { ...deps, actions }));
  const [again = ""] = await jobNamesOf({ queue, connection, prefix }, ["4711"]);
  await queue.add("OpenTicket", { ...TICKET, requestId: "req_first" }, { jobId: "req_first" });
  await queue.add("OpenTicket", { ...TICKET, requestId: "req_again" }, { jobId: again });
  await until("both replies", () => replies.length === 2);
  expect(seen.toSorted()).toEqual([
    ["req_again", true],
    ["req_first", false],
  ]);
});

it("a conflict is warned of where nobody waits to hear of it", async () => {
  const warnings: unknown[] = [];
  const { replies, deps } = consume(() => undefined);
  await consumers.pop()?.close();
  const logger = makeLogger({ name: "test", level: "warn", destination: { write: (line) => void warnings.push(JSON.parse(line)) } });
  const decide = async ({ requestId }: { requestId: string }) => ({ kind: "conflict", result: resultOfErrors({ requestId }, [IDEMPOTENCY_CONFLICT]) });
  const actions = new Map([["openticket", commandAction({ read: readCommand, decide, recall: async () => undefined })]]);
  consumers.push(startCommandConsumer({ connection, prefix, concurrency: 5, lockDurationMs: 30_000 }, { ...deps, actions, logger }));
  await queue.add("OpenTicket", { ...TICKET, requestId: "req_told" });
  await queue.add("OpenTicket", { ticket: {}, requestId: "req_receipt", hasReceipt: true });
  await queue.add("OpenTicket", { ticket: {}, requestId: "req_alone" });
  await until("an empty queue", isEmpty);
  expect([warnings, replies]).toMatchObject([[{ requestId: "req_alone" }], [{ requestId: "req_told" }]]);
});

describe("a reply queue that takes nothing", () => {
  it.each([
    ["that we do not know how to carry out", "CloseTicket", 1],
    ["that fails each time", "OpenTicket", 1],
    ["that an earlier run has decided", "OpenTicket", 0],
  ])("does not bring back a request %s", async (what, name, letters) => {
    const { buried, decidedBefore } = consume(fault(new Error("a bug")));
    if (letters === 0)
      decidedBefore.set("req_unheard", { kind: "duplicate", result: { requestId: "req_unheard", result: "success", id: 7, tid: "7", c: "c" } });
    await queue.add(name, { ...TICKET, requestId: "req_unheard", replyTo: { queue: REFUSING } });
    await until(`the end of one ${what}`, () => hurry().then(isEmpty));
    expect(buried).toHaveLength(letters);
  });
});

describe("a request that an earlier run has decided", () => {
  it("is not given up for what happens to its job: its requester gets that outcome", async () => {
    const { buried, replies, decidedBefore } = consume(fault(new Error("a bug")));
    decidedBefore.set("req_done", { kind: "duplicate", result: { requestId: "req_done", result: "success", id: 7, tid: "7", c: "c" } });
    await queue.add("OpenTicket", { ...TICKET, requestId: "req_done" });
    await until("the reply", () => hurry().then(() => replies.length > 0));
    expect([replies, buried]).toMatchObject([[{ result: "success", id: 7 }], []]);
    await until("an empty queue", isEmpty);
  });
});
