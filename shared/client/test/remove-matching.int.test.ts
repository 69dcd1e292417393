import { COMMAND_QUEUE } from "@openticket/contract";
import { type Job, Queue, Worker } from "bullmq";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { AT_REST } from "../src/job-ids.ts";
import { connectRedis } from "../src/redis.ts";
import { removeMatching } from "../src/remove-matching.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const TOKEN = "test-token";
/** Places that one look reads, one after the other. */
const READS = 2 * AT_REST.length + 1;

const connection = connectRedis({ url: redisUrl(), prefix: "test", name: "test", role: "worker" });
const opened: { close(): Promise<void> }[] = [];
let queue: Queue;
let worker: Worker;
beforeEach(() => {
  const prefix = uniquePrefix();
  queue = new Queue(COMMAND_QUEUE, { connection, prefix });
  worker = new Worker(COMMAND_QUEUE, null, { connection, prefix, autorun: false });
  opened.push(queue, worker);
});
afterAll(async () => {
  for (const each of opened) await each.close();
  connection.disconnect();
});

let made = 0;
const add = (options: object = {}) => queue.add("OpenTicket", {}, { jobId: `eves-${++made}`, ...options });

async function take(): Promise<Job> {
  const job = await worker.getNextJob(TOKEN, { block: false });
  if (!job) throw new Error("there was no job to take");
  return job;
}

/** What a pause by a program on BullMQ 5 does with the jobs that wait. */
const pauseAsBefore = () => connection.rename(queue.toKey("wait"), queue.toKey("paused"));
const resumeAsBefore = () => connection.rename(queue.toKey("paused"), queue.toKey("wait"));

it.each<[string, () => Promise<() => Promise<unknown>>]>([
  [
    "from delayed to waiting",
    async () => {
      const job = await add({ delay: 3_600_000 });
      return () => job.promote();
    },
  ],
  [
    "from delayed into a worker's hand",
    async () => {
      const job = await add({ delay: 3_600_000 });
      return async () => [await job.promote(), await take()];
    },
  ],
  [
    "from waiting into a worker's hand",
    async () => {
      await add();
      return take;
    },
  ],
  [
    "from a worker's hand to waiting",
    async () => {
      await add();
      const job = await take();
      return () => job.moveToWait(TOKEN);
    },
  ],
  [
    "from a worker's hand to delayed",
    async () => {
      await add();
      const job = await take();
      return () => job.moveToDelayed(Date.now() + 3_600_000, TOKEN);
    },
  ],
  [
    "from failed to waiting",
    async () => {
      const job = await add();
      await (await take()).moveToFailed(new Error("broken"), TOKEN, false);
      return () => job.retry();
    },
  ],
  [
    "from waiting to paused",
    async () => {
      await add();
      return pauseAsBefore;
    },
  ],
  [
    "from paused to waiting",
    async () => {
      await add();
      await pauseAsBefore();
      return resumeAsBefore;
    },
  ],
])("a job is found that goes %s, whenever it does", async (_way, arrange) => {
  for (let after = 0; after < READS; after++) {
    const goOn = await arrange();
    const read = queue.getRanges.bind(queue);
    let reads = 0;
    const ranges = vi.spyOn(queue, "getRanges").mockImplementation(async (...given) => {
      if (reads++ === after) await goOn();
      return read(...given);
    });
    const { removed, active } = await removeMatching(queue, () => true);
    ranges.mockRestore();
    expect([after, removed + active]).toEqual([after, 1]);
    await queue.obliterate({ force: true });
  }
});

it("takes out what a program on BullMQ 5 has paused", async () => {
  const { id = "" } = await add();
  await pauseAsBefore();
  expect(await removeMatching(queue, () => true)).toEqual({ removed: 1, active: 0 });
  expect(await connection.exists(queue.toKey("paused"), queue.toKey(id))).toBe(0);
});
