import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeOpenTicketClient } from "@openticket/client";
import { COMMAND_QUEUE } from "@openticket/contract";
import { connectStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { Queue } from "bullmq";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Running, startProcess } from "../support/processes.ts";
import { testMongoUrl, testRedisUrl, uniqueName } from "../support/servers.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";

const WORKER = "services/worker/dist/main.js";
let store: StoreConnection;
let dataDir: string;
let prefix: string;
const started: Running[] = [];

beforeEach(async () => {
  prefix = uniqueName("crash");
  dataDir = await mkdtemp(join(tmpdir(), "openticket-crash-"));
  store = await connectStore({ url: testMongoUrl(prefix), appName: "test", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
});
afterEach(async () => {
  for (const process of started.splice(0)) await process.kill("SIGKILL");
  await store.db.dropDatabase();
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function startWorker(env: Record<string, string> = {}): Promise<Running> {
  const defaults = {
    MONGODB_URL: testMongoUrl(prefix),
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: prefix,
    DATA_DIR: dataDir,
    METRICS_PORT: "0",
    WORKER_LOCK_MS: "1000",
    LOG_LEVEL: "info",
  };
  const worker = await startProcess(WORKER, { ...defaults, ...env });
  started.push(worker);
  return worker;
}

it("a worker killed between commit and reply: one ticket, and its requester gets that ticket's ids", async () => {
  const mongoUrl = new URL(testMongoUrl(prefix));
  const [redisProxy, mongoProxy] = await Promise.all([openTcpProxy(Number(new URL(testRedisUrl()).port)), openTcpProxy(Number(mongoUrl.port))]);
  const client = makeOpenTicketClient({ redisUrl: testRedisUrl(), prefix });
  const queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix });
  try {
    const first = await startWorker({
      REDIS_URL: `redis://127.0.0.1:${redisProxy.port}`,
      MONGODB_URL: `mongodb://127.0.0.1:${mongoProxy.port}/${prefix}?directConnection=true`,
    });
    mongoProxy.freeze();
    const answer = client.openTicket({ deptid: 1, clientid: 1, subject: "s", message: "m" }, { timeoutMs: 30_000 });
    // Where this try fails before it is looked at, that is no fault of the run.
    answer.catch(() => undefined);
    await until("the worker to take the job", async () => (await queue.getActiveCount()) === 1);
    // BullMQ asks for the next job before it starts the one that it has got; frozen in between, it would never start it.
    const isWaiting = ({ flags }: { flags?: string }) => flags?.includes("b") === true;
    await until("all that ask to wait for another", async () => (await queue.getWorkers()).every(isWaiting));
    redisProxy.freezeRequests();
    mongoProxy.thaw();
    const stored = await until("the commit", async () => (await store.db.collection("tickets").findOne({})) ?? undefined);
    await first.kill("SIGKILL");
    await startWorker();
    expect(await answer).toMatchObject({ result: "success", id: stored.id, tid: stored.tid, c: stored.c });
    expect(await store.db.collection("tickets").countDocuments()).toBe(1);
    await until("the job's completion", async () => (await queue.getJobCountByTypes("active", "waiting", "delayed", "failed")) === 0);
  } finally {
    await client.close();
    await queue.close();
    await Promise.all([redisProxy.close(), mongoProxy.close()]);
  }
}, 60_000);

it("a worker stopped past its lock and resumed: the story runs twice, the ticket is one", async () => {
  const first = await startWorker();
  const client = makeOpenTicketClient({ redisUrl: testRedisUrl(), prefix });
  const queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix });
  try {
    const answers = Array.from({ length: 50 }, (_, n) => client.openTicket({ deptid: 1, clientid: 1, subject: `s${n}`, message: "m" }, { timeoutMs: 30_000 }));
    await until("some to be taken", async () => (await store.db.collection("tickets").countDocuments()) > 0 || (await queue.getActiveCount()) > 0);
    await first.kill("SIGSTOP");
    await startWorker();
    const results = await Promise.all(answers);
    await first.kill("SIGCONT");
    expect(results.every(({ result }) => result === "success")).toBe(true);
    expect(new Set(results.map((result) => result.result === "success" && result.id)).size).toBe(50);
    expect(await store.db.collection("tickets").countDocuments()).toBe(50);
  } finally {
    await client.close();
    await queue.close();
  }
}, 60_000);
