import { COMMAND_QUEUE } from "@openticket/contract";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DOOR, type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { postTicket } from "../support/rest.ts";
import { testRedisUrl } from "../support/servers.ts";
import { until } from "../support/until.ts";

const REQUESTS = 30;
let fleet: Fleet;
let redis: Redis;
let queue: Queue;
beforeEach(async () => {
  fleet = await makeFleet();
  redis = new Redis(testRedisUrl());
  queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix: fleet.prefix });
});
afterEach(async () => {
  await redis.config("SET", "maxmemory", 0);
  await queue.close();
  redis.disconnect();
  await fleet.stop();
});

const tickets = () => fleet.store.db.collection("tickets").countDocuments();

it("a Redis that fills up while requests are in hand costs none of them, and nothing is restarted", async () => {
  const [{ url: httpUrl }, worker] = await Promise.all([fleet.start(DOOR), fleet.start(WORKER)]);
  const door = { httpUrl, credentials: fleet.credentials };
  await worker.kill("SIGSTOP");
  for (let n = 0; n < REQUESTS; n++) await postTicket(door, { deptid: 1, clientid: 1, subject: `Full ${n}`, message: "m" }, { prefer: "respond-async" });
  const data = (n: number) => ({ requestId: `raw-${n}`, replyTo: { queue: "replies" }, ticket: { deptid: 1, clientid: 1, subject: "Full", message: "m" } });
  await queue.addBulk(Array.from({ length: REQUESTS }, (_, n) => ({ name: "OpenTicket", data: data(n), opts: { jobId: `raw-${n}` } })));
  await worker.kill("SIGCONT");
  await until("some in hand", async () => (await queue.getActiveCount()) > 0 || (await tickets()) > 0);
  await redis.config("SET", "maxmemory", 1);
  const refused = () => redis.info("errorstats").then((info) => /errorstat_OOM:count=[1-9]/.test(info));
  await until("a refusal", refused);
  await redis.config("SET", "maxmemory", 0);
  await until("every ticket", async () => (await tickets()) === 2 * REQUESTS, 60_000);
  await until("an empty queue", async () => (await queue.getJobCountByTypes("waiting", "active", "delayed", "failed")) === 0, 60_000);
  expect(await fleet.store.db.collection("deadletters").countDocuments()).toBe(0);
}, 150_000);
