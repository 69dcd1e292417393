import { setTimeout as sleep } from "node:timers/promises";
import { COMMAND_QUEUE, type OpenTicketCommand, REPLY_JOB, REPLY_QUEUE_PREFIX } from "@openticket/contract";
import { Queue } from "bullmq";
import { afterEach, describe, expect, it, vi } from "vitest";
import { QueueUnavailable, ReplyTimeout, TooManyWaiting } from "../src/errors.ts";
import { connectRedis } from "../src/redis.ts";
import { houseKey, ownersKey } from "../src/reply-owners.ts";
import { makeRequester, type RequesterOptions } from "../src/requester.ts";
import { aCommand, successOf } from "./support/commands.ts";
import { startProxy } from "./support/cuttable-proxy.ts";
import { type FakeWorkerOptions, startFakeWorker } from "./support/fake-worker.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

/** Longer than Redis' answer is waited for. */
const PATIENCE_MS = 2500;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function aRequester(options: Partial<RequesterOptions> & { prefix: string }) {
  const requester = makeRequester({ redisUrl: redisUrl(), ownerName: "test", ...options });
  cleanups.push(() => requester.close());
  return requester;
}

function aWorker(options: Partial<FakeWorkerOptions> & { prefix: string }) {
  const worker = startFakeWorker({ url: redisUrl(), ...options });
  cleanups.push(() => worker.close());
  return worker;
}

async function aProxy() {
  const proxy = await startProxy(redisUrl());
  cleanups.push(() => proxy.close());
  return proxy;
}

function aConnection() {
  const connection = connectRedis({ url: redisUrl(), prefix: "test", name: "test", role: "worker" });
  cleanups.push(async () => connection.disconnect());
  return connection;
}

function commandQueue(prefix: string) {
  return new Queue(COMMAND_QUEUE, { connection: aConnection(), prefix });
}

async function replyQueueKeys(prefix: string): Promise<string[]> {
  return await aConnection().keys(`${prefix}:${REPLY_QUEUE_PREFIX}*`);
}

/** A user of Redis that may do everything, until it may run no scripts any more. */
async function aUser() {
  const [connection, name] = [aConnection(), uniquePrefix()];
  await connection.acl("SETUSER", name, "on", ">secret", "~*", "&*", "+@all");
  cleanups.push(() => connection.acl("DELUSER", name));
  return {
    urlTo: (url: string) => url.replace("redis://", `redis://${name}:secret@`),
    forbidScripts: () => connection.acl("SETUSER", name, "-eval", "-evalsha"),
  };
}

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("the requester", () => {
  it("submits without a reply under the request's own name", async () => {
    const prefix = uniquePrefix();
    const command = aCommand({ idempotencyKey: "order-1" });
    const requester = aRequester({ prefix });
    await requester.submit(command);
    await requester.submit(command);
    const jobs = await commandQueue(prefix).getJobs(["wait"]);
    expect(jobs.map(({ id, data }) => ({ id, data }))).toEqual([{ id: command.requestId, data: command }]);
    expect(await requester.jobState(command.requestId)).toBe("queued");
    expect(await requester.jobState("req_unheard_of")).toBeUndefined();
  });

  it("hands the reply to its caller, with the caller's correlation id", async () => {
    const prefix = uniquePrefix();
    const worker = aWorker({ prefix });
    const requester = aRequester({ prefix });
    const command = aCommand({ correlationId: "trace-7" });
    expect(await requester.submitAndWait(command, { timeoutMs: 5000 })).toEqual(successOf(command, 1));
    const keyed = aCommand({ correlationId: "trace-8", idempotencyKey: "k" });
    expect(await requester.submitAndWait(keyed, { timeoutMs: 5000 })).toEqual(successOf(keyed, 2));
    const plain = aCommand({ idempotencyKey: "k2" });
    expect(await requester.submitAndWait(plain, { timeoutMs: 5000 })).toEqual(successOf(plain, 3));
    expect(worker.taken[0]?.replyTo?.queue).toMatch(/^open-ticket-reply-test-[0-9a-f]{16}$/);
    expect(requester.counts.waiting).toBe(0);
  });

  it("gives a caller with the same key its own answer, from this process and from another", async () => {
    const prefix = uniquePrefix();
    const { opened, open } = gate();
    const worker = aWorker({
      prefix,
      decide: async (command) => {
        await opened;
        if (command.ticket.subject === "Broken") return successOf(command);
        return { ...successOf(command), result: "error", message: "conflict", errors: [] };
      },
    });
    const here = aRequester({ prefix });
    const there = aRequester({ prefix });
    const command = aCommand({ idempotencyKey: "order-1" });
    const other: OpenTicketCommand = { ...command, ticket: { ...command.ticket, subject: "Other" } };
    const answers = [
      here.submitAndWait(command, { timeoutMs: 5000 }),
      there.submitAndWait(command, { timeoutMs: 5000 }),
      here.submitAndWait(other, { timeoutMs: 5000 }),
    ];
    await vi.waitFor(() => expect(worker.taken).toHaveLength(3));
    open();
    expect((await Promise.all(answers)).map(({ result }) => result)).toEqual(["success", "success", "error"]);
  });

  it("ends every question in time while nobody of a cluster is there", async () => {
    const requester = aRequester({ prefix: `{${uniquePrefix()}}`, redisUrl: "redis+cluster://127.0.0.1:1" });
    const command = aCommand({ idempotencyKey: "k" });
    const { ping, vitals, isUnderWay, jobState, submit } = requester;
    const asked = [ping(), vitals(), isUnderWay(command), jobState(command.requestId), submit(command)];
    const refusals = await Promise.all(asked.map((question) => question.catch((error: unknown) => error)));
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(QueueUnavailable);
  });

  it("says where a request is whose caller gave up, even to another process", async () => {
    const prefix = uniquePrefix();
    const requester = aRequester({ prefix });
    for (const command of [aCommand(), aCommand({ idempotencyKey: "late" })]) {
      const late = await requester.submitAndWait(command, { timeoutMs: 200 }).catch((error: unknown) => error);
      expect(late).toBeInstanceOf(ReplyTimeout);
      expect(late).toMatchObject({ requestId: command.requestId });
      await vi.waitFor(async () => expect(await aRequester({ prefix }).jobState(command.requestId)).toBe("queued"));
    }
    expect(requester.counts.waiting).toBe(0);
  });

  it("knows that a request with a key is under way whose caller gave up, by its content", async () => {
    const prefix = uniquePrefix();
    const [requester, another] = [aRequester({ prefix }), aRequester({ prefix })];
    const command = aCommand({ idempotencyKey: "late" });
    expect(await another.isUnderWay(command)).toBe(false);
    await requester.submitAndWait(command, { timeoutMs: 200 }).catch(() => undefined);
    await vi.waitFor(async () => expect(await another.isUnderWay(command)).toBe(true));
    expect(await another.isUnderWay({ ...command, ticket: { subject: "Other" } })).toBe(false);
    aWorker({ prefix });
    await vi.waitFor(async () => expect(await another.isUnderWay(command)).toBe(false));
  });

  it("notes where a request with a key is for little longer than its caller waits, and for a day when that gave up", async () => {
    const prefix = uniquePrefix();
    const requester = aRequester({ prefix });
    const connection = aConnection();
    const keptMs = async (requestId: string) => await connection.pttl(houseKey(prefix, `job-of:${requestId}`));
    const [late, endless] = [aCommand({ idempotencyKey: "late" }), aCommand({ idempotencyKey: "endless" })];
    const waits = Promise.allSettled([
      requester.submitAndWait(late, { timeoutMs: 500 }),
      requester.submitAndWait(endless, { timeoutMs: Number.POSITIVE_INFINITY }),
    ]);
    await vi.waitFor(async () => expect(await keptMs(late.requestId)).toBeGreaterThan(0));
    expect(await keptMs(late.requestId)).toBeLessThanOrEqual(60_500);
    expect(await keptMs(endless.requestId)).toBeGreaterThan(86_000_000);
    await vi.waitFor(async () => expect(await keptMs(late.requestId)).toBeGreaterThan(86_000_000));
    aWorker({ prefix });
    await waits;
  });

  it("drops and counts replies that come late or are none", async () => {
    const prefix = uniquePrefix();
    const requester = aRequester({ prefix });
    await requester.submitAndWait(aCommand(), { timeoutMs: 100 }).catch(() => undefined);
    const worker = aWorker({ prefix });
    await vi.waitFor(() => expect(requester.counts.lateReplies).toBe(1));
    const queue = worker.taken[0]?.replyTo?.queue ?? "";
    await worker.replies.send(queue, { jobName: REPLY_JOB, data: { v: 1, results: [{ requestId: 7 }] }, id: "bad_1" });
    await worker.replies.send(queue, { jobName: "Something", data: null, id: "bad_2" });
    await vi.waitFor(() => expect(requester.counts.malformedReplies).toBe(2));
    expect(await requester.submitAndWait(aCommand(), { timeoutMs: 5000 })).toMatchObject({ result: "success" });
  });

  it("serves 2000 callers at once, and refuses those beyond its bound", async () => {
    const prefix = uniquePrefix();
    const { opened, open } = gate();
    aWorker({ prefix, decide: async (command, index) => opened.then(() => successOf(command, index + 1)) });
    const requester = aRequester({ prefix, maxWaiting: 2000 });
    const commands = Array.from({ length: 2000 }, () => aCommand());
    const answers = Promise.all(commands.map((command) => requester.submitAndWait(command, { timeoutMs: 30_000 })));
    await expect(requester.submitAndWait(aCommand(), { timeoutMs: 30_000 })).rejects.toBeInstanceOf(TooManyWaiting);
    open();
    expect((await answers).map(({ requestId }) => requestId)).toEqual(commands.map(({ requestId }) => requestId));
    expect(requester.counts.waiting).toBe(0);
  });

  it("removes its reply queue when it is closed", async () => {
    const prefix = uniquePrefix();
    const worker = aWorker({ prefix });
    const requester = makeRequester({ redisUrl: redisUrl(), prefix, ownerName: "test" });
    await requester.submitAndWait(aCommand(), { timeoutMs: 5000 });
    expect(await replyQueueKeys(prefix)).not.toEqual([]);
    await worker.replies.close();
    await requester.close();
    expect(await replyQueueKeys(prefix)).toEqual([]);
    expect(await aConnection().zcard(ownersKey(prefix))).toBe(0);
  });

  it("ends the wait of its callers when it is closed", async () => {
    const requester = makeRequester({ redisUrl: redisUrl(), prefix: uniquePrefix(), ownerName: "test" });
    const answer = requester.submitAndWait(aCommand(), { timeoutMs: 60_000 }).catch((error: unknown) => error);
    await requester.close();
    expect(await answer).toBeInstanceOf(ReplyTimeout);
  });
});

describe("the requester, when Redis or the network fails", () => {
  it("adds a command once when the connection breaks between the command and its answer", async () => {
    const prefix = uniquePrefix();
    const proxy = await aProxy();
    const requester = aRequester({ prefix, redisUrl: proxy.url });
    await requester.ping();
    for (let round = 0; round < 5; round++) {
      const command = aCommand();
      const cut = proxy.cutAfterAnswerTo(command.requestId);
      await requester.submit(command);
      await cut;
    }
    expect(await commandQueue(prefix).getWaitingCount()).toBe(5);
  });

  it("gets its reply after Redis was away in the middle of the wait", async () => {
    const prefix = uniquePrefix();
    const proxy = await aProxy();
    const { opened, open } = gate();
    const worker = aWorker({ prefix, decide: async (command) => opened.then(() => successOf(command)) });
    const requester = aRequester({ prefix, redisUrl: proxy.url });
    const answer = requester.submitAndWait(aCommand(), { timeoutMs: 15_000 });
    await vi.waitFor(() => expect(worker.taken).toHaveLength(1));
    await proxy.cut();
    open();
    await proxy.restore();
    expect(await answer).toMatchObject({ result: "success" });
  });

  it("refuses within three seconds while Redis is away, sends nothing later, and recovers by itself", async () => {
    const prefix = uniquePrefix();
    const proxy = await aProxy();
    await proxy.cut();
    const requester = aRequester({ prefix, redisUrl: proxy.url });
    const startedAtMs = performance.now();
    await expect(requester.submit(aCommand())).rejects.toBeInstanceOf(QueueUnavailable);
    await expect(requester.ping()).rejects.toBeInstanceOf(QueueUnavailable);
    expect(performance.now() - startedAtMs).toBeLessThan(6000);
    await proxy.restore();
    await vi.waitFor(() => requester.ping(), { timeout: 10_000 });
    const command = aCommand();
    await requester.submit(command);
    expect((await commandQueue(prefix).getJobs(["wait"])).map(({ id }) => id)).toEqual([command.requestId]);
  }, 20_000);

  it("goes on waiting for what Redis has not answered, and gets its reply when that goes on", async () => {
    const prefix = uniquePrefix();
    const proxy = await aProxy();
    const worker = aWorker({ prefix });
    const requester = aRequester({ prefix, redisUrl: proxy.url });
    await requester.submitAndWait(aCommand(), { timeoutMs: 5000 });
    proxy.freeze();
    const answers = [aCommand(), aCommand({ idempotencyKey: "k" })].map((command) => requester.submitAndWait(command, { timeoutMs: 20_000 }));
    await sleep(PATIENCE_MS);
    proxy.thaw();
    expect(await Promise.all(answers)).toMatchObject([{ result: "success" }, { result: "success" }]);
    expect(worker.taken).toHaveLength(3);
  }, 30_000);

  it("never says of what Redis has not answered that nothing came of it: it is late, and is done when Redis goes on", async () => {
    const prefix = uniquePrefix();
    const proxy = await aProxy();
    const requester = aRequester({ prefix, redisUrl: proxy.url });
    await requester.submit(aCommand());
    proxy.freeze();
    const commands = [aCommand(), aCommand()] as const;
    const startedAtMs = performance.now();
    const [submitted, waited] = await Promise.all([
      requester.submit(commands[0]).catch((error: unknown) => error),
      requester.submitAndWait(commands[1], { timeoutMs: PATIENCE_MS }).catch((error: unknown) => error),
    ]);
    expect(performance.now() - startedAtMs).toBeLessThan(4000);
    for (const [index, late] of [submitted, waited].entries()) {
      expect(late).toBeInstanceOf(ReplyTimeout);
      expect(late).toMatchObject({ requestId: commands[index]?.requestId });
    }
    expect(requester.counts.waiting).toBe(0);
    proxy.thaw();
    await vi.waitFor(async () => expect(await commandQueue(prefix).getWaitingCount()).toBe(3), { timeout: 10_000 });
  }, 30_000);

  it("refuses at once what Redis refuses", async () => {
    const user = await aUser();
    const requester = aRequester({ prefix: uniquePrefix(), redisUrl: user.urlTo(redisUrl()) });
    await requester.submit(aCommand());
    await user.forbidScripts();
    const startedAtMs = performance.now();
    await expect(requester.submit(aCommand())).rejects.toBeInstanceOf(QueueUnavailable);
    await expect(requester.submitAndWait(aCommand(), { timeoutMs: 20_000 })).rejects.toBeInstanceOf(QueueUnavailable);
    expect(performance.now() - startedAtMs).toBeLessThan(PATIENCE_MS);
  });

  it("takes no refusal for one that may be of the second sending of a command", async () => {
    const prefix = uniquePrefix();
    const [proxy, user] = [await aProxy(), await aUser()];
    const requester = aRequester({ prefix, redisUrl: user.urlTo(proxy.url) });
    await requester.submit(aCommand());
    const command = aCommand();
    const cut = proxy.cutAfterAnswerTo(command.requestId);
    const answer = requester.submit(command).catch((error: unknown) => error);
    await cut;
    await user.forbidScripts();
    expect(await answer).toMatchObject({ name: "ReplyTimeout", cause: { message: expect.stringMatching(/^NOPERM/) } });
    expect(await commandQueue(prefix).getWaitingCount()).toBe(2);
  });
});
