import { COMMAND_QUEUE } from "@openticket/contract";
import { FlowProducer, type Job, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { jobNamesOf, leavePointer, missingRequests, strandedRequests } from "../src/job-lookup.ts";
import { jobStates } from "../src/job-states.ts";
import { connectRedis, type RedisConnection } from "../src/redis.ts";
import { makeRequester } from "../src/requester.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const TOKEN = "test-token";

let prefix: string;
let connection: RedisConnection;
let queue: Queue;
beforeEach(() => {
  prefix = uniquePrefix();
  connection = connectRedis({ url: redisUrl(), prefix, name: "test", role: "worker" });
  queue = new Queue(COMMAND_QUEUE, { connection, prefix });
});
afterEach(async () => {
  await queue.close();
  connection.disconnect();
});

const stateOf = async (jobId: string) => (await jobStates({ queue, connection }, [jobId]))[0];
const add = (jobId: string, options: object = {}) => queue.add("OpenTicket", {}, { jobId, ...options });

/** Takes the next job, as a worker does that then does with it what `end` says. */
async function take(end: (job: Job) => Promise<unknown> = async () => undefined): Promise<void> {
  const worker = new Worker(COMMAND_QUEUE, null, { connection, prefix, autorun: false });
  const job = await worker.getNextJob(TOKEN, { block: false });
  if (!job) throw new Error("there was no job to take");
  await end(job);
  await worker.close();
}

const complete = (job: Job) => job.moveToCompleted("", TOKEN, false);
const fail = (job: Job) => job.moveToFailed(new Error("broken"), TOKEN, false);

async function addToFlow(jobId: string): Promise<void> {
  const flows = new FlowProducer({ connection, prefix });
  await flows.add({ name: "OpenTicket", queueName: COMMAND_QUEUE, opts: { jobId }, children: [{ name: "invoice", queueName: "billing" }] });
  await flows.close();
}

describe("a job's state is what BullMQ itself says", () => {
  it.each<[string, string, () => Promise<unknown>]>([
    ["of one that waits", "waiting", () => add("j")],
    [
      "of the oldest of several",
      "waiting",
      async () => await queue.addBulk(["j", "k", "l"].map((jobId) => ({ name: "OpenTicket", data: {}, opts: { jobId } }))),
    ],
    ["in a paused queue", "waiting", async () => [await queue.pause(), await add("j")]],
    ["of one that waited when its queue was paused", "waiting", async () => [await add("j"), await queue.pause()]],
    ["of one that waits for a time", "delayed", () => add("j", { delay: 60_000 })],
    ["of one with a priority", "prioritized", () => add("j", { priority: 5 })],
    ["of one that waits for jobs of its own", "waiting-children", () => addToFlow("j")],
    ["of one that is worked on", "active", async () => [await add("j"), await take()]],
    ["of one that was put back", "delayed", async () => [await add("j"), await take((job) => job.moveToDelayed(Date.now() + 60_000, TOKEN))]],
    ["of one that is kept although it is done", "completed", async () => [await add("j"), await take(complete)]],
    ["of one that has failed", "failed", async () => [await add("j"), await take(fail)]],
    ["of one that has failed and runs again", "waiting", async () => [await add("j"), await take(fail), await (await queue.getJob("j"))?.retry()]],
    ["of one that was removed when it was done", "unknown", async () => [await add("j", { removeOnComplete: true }), await take(complete)]],
    ["of one that was taken out", "unknown", async () => [await add("j"), await queue.remove("j")]],
    ["of one that never was", "unknown", async () => undefined],
  ])("%s: %s", async (_which, theirs, arrange) => {
    await arrange();
    expect(await queue.getJobState("j")).toBe(theirs);
    expect(await stateOf("j")).toBe(["delayed", "prioritized", "waiting-children"].includes(theirs) ? "waiting" : theirs);
  });
});

it("a job whose worker let its lock lapse waits: it will be found as stalled", async () => {
  await add("j");
  await take();
  await connection.del(queue.toKey("j:lock"));
  expect(await stateOf("j")).toBe("waiting");
});

it("what BullMQ keeps under other names is no job", async () => {
  await add("j");
  await take();
  await add("k");
  const others = ["meta", "id", "wait", "active", "events", "j:lock"];
  expect(await jobStates({ queue, connection }, ["k", ...others, "j"])).toEqual(["waiting", ...others.map(() => "unknown"), "active"]);
});

it("a look at jobs goes through no list of them, however it is asked", async () => {
  const requester = makeRequester({ redisUrl: redisUrl(), prefix, ownerName: "test" });
  await add("j");
  const sent = vi.spyOn(Redis.prototype, "sendCommand");
  expect([await requester.jobState("j"), await requester.jobState("nobody")]).toEqual(["queued", undefined]);
  expect(await missingRequests({ queue, connection, prefix }, ["j", "nobody"])).toEqual(["nobody"]);
  const commands = sent.mock.calls.map(([{ name }]) => name);
  sent.mockRestore();
  expect(commands).toContain("hexists");
  // A list may also be gone through by a script.
  expect(commands.filter((name) => /^(lpos|lrange|lindex|eval)/.test(name))).toEqual([]);
  await requester.close();
});

describe("requests that the queue does not hold", () => {
  const places = () => ({ queue, connection, prefix });

  it("are told from those that wait, also under another name, or have failed", async () => {
    await add("broken");
    await take(fail);
    await add("waits");
    await add("again_1");
    await leavePointer(places(), "pointed", { jobId: "again_1" });
    await leavePointer(places(), "points nowhere", { jobId: "again_2" });
    expect(await missingRequests(places(), ["waits", "gone", "pointed", "broken", "points nowhere"])).toEqual(["gone", "points nowhere"]);
    expect(await missingRequests(places(), [])).toEqual([]);
  });

  it("are told from those of which a hash is left, by which they seem to wait, and that no worker takes", async () => {
    for (const jobId of ["waits", "left", "again_1", "again_2"]) await add(jobId);
    for (const jobId of ["left", "again_2"]) await connection.lrem(queue.toKey("wait"), 1, jobId);
    await leavePointer(places(), "pointed", { jobId: "again_1" });
    await leavePointer(places(), "points to what is left", { jobId: "again_2" });
    const asked = ["waits", "left", "gone", "pointed", "points to what is left"];
    expect(await missingRequests(places(), asked)).toEqual(["gone"]);
    expect(await strandedRequests(places(), asked)).toEqual(["left", "gone", "points to what is left"]);
    expect(await strandedRequests(places(), [])).toEqual([]);
  });

  it("are those as well whose job is kept although it is done; another job of such a request has another name", async () => {
    await add("done");
    await take(complete);
    expect(await missingRequests(places(), ["done"])).toEqual(["done"]);
    const [jobId = ""] = await jobNamesOf(places(), ["done"]);
    expect(jobId).not.toBe("done");
    await add(jobId);
    expect(await missingRequests(places(), ["done"])).toEqual([]);
  });

  it("are asked about some at a time: a door's connection waits two seconds for each command", async () => {
    const pipelines = vi.spyOn(connection, "pipeline");
    const names = Array.from({ length: 1201 }, (_, index) => `gone-${index}`);
    expect(await missingRequests(places(), names)).toEqual(names);
    const lengths = pipelines.mock.results.map(({ value }) => Number(value.length));
    expect(Math.max(...lengths)).toBe(500 * 4);
  });
});

it("a request whose first job is done or has failed, and is kept, is where its later one is", async () => {
  const requester = makeRequester({ redisUrl: redisUrl(), prefix, ownerName: "test" });
  await add("twice");
  await take(fail);
  expect(await requester.jobState("twice")).toBeUndefined();
  await add("again_1");
  await leavePointer({ connection, prefix }, "twice", { jobId: "again_1" });
  expect(await requester.jobState("twice")).toBe("queued");
  await requester.close();
});
