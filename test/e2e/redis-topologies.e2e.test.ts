import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorization } from "../support/api-php.ts";
import { DOOR, type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { startCluster, startSentinels, type Topology } from "../support/redis-topologies.ts";
import { until } from "../support/until.ts";

/** Callers that send one request after another. */
const CALLERS = 20;
/** Requests that are answered before the failover, and as many after it. */
const ANSWERED = 100;
const FAILOVER_TIMEOUT_MS = 90_000;

let fleet: Fleet;
let topology: Topology;
beforeEach(async () => {
  fleet = await makeFleet();
});
afterEach(async () => {
  await fleet.stop();
  await topology.stop();
});

/** Sends until there is an answer that is final: as any client with an idempotency key does. */
async function openWithPatience(url: string, key: string): Promise<number> {
  const headers = { ...authorization(fleet), "content-type": "application/json", "idempotency-key": key };
  const body = JSON.stringify({ deptid: 1, clientid: 1, subject: `Failover ${key}`, message: "m" });
  return until(
    `an answer for ${key}`,
    async () => {
      const response = await fetch(`${url}/v1/tickets`, { method: "POST", headers, body }).catch(() => undefined);
      if (response?.status === 503) await new Promise((resolve) => setTimeout(resolve, 200));
      return response?.status === 201 || response?.status === 200 ? ((await response.json()) as { id: number }).id : undefined;
    },
    FAILOVER_TIMEOUT_MS,
  );
}

/** Callers that go on until they are told to stop; every answer is kept under the key of its request. */
function startLoad(url: string) {
  const answers = new Map<string, number>();
  let isOver = false;
  const caller = async () => {
    while (!isOver) {
      const key = randomUUID();
      answers.set(key, await openWithPatience(url, key));
    }
  };
  const callers = Promise.all(Array.from({ length: CALLERS }, caller));
  return {
    answers,
    async stop() {
      isOver = true;
      await callers;
    },
  };
}

/** The ticket of each key, as it is stored. */
async function storedTickets(): Promise<Map<string, number>> {
  const tickets = await fleet.store.db.collection("tickets").find().toArray();
  return new Map(tickets.map(({ subject, id }) => [String(subject).replace("Failover ", ""), id]));
}

describe("the queue may live on", () => {
  it.each([
    ["a cluster of three primaries and three replicas", startCluster, "{fleet}", { primaries: 3, replicas: 3 }],
    ["a server watched by Sentinels", startSentinels, "fleet", { primaries: 1, replicas: 1 }],
  ])(
    "%s, and a failover under load loses and doubles nothing",
    async (_what, start, prefix, members) => {
      topology = await start();
      expect(await topology.members()).toEqual(members);
      const env = { REDIS_URL: topology.url, QUEUE_PREFIX: prefix, HTTP_REPLY_TIMEOUT_MS: "4000" };
      await fleet.start(WORKER, env);
      const { url } = await fleet.start(DOOR, env);
      const load = startLoad(url);
      const answered = (count: number) => until(`${count} answers`, () => load.answers.size >= count, FAILOVER_TIMEOUT_MS);
      await answered(ANSWERED);
      await topology.failOver(`${prefix}:open-ticket:wait`);
      await answered(load.answers.size + ANSWERED);
      await load.stop();
      expect(await storedTickets()).toEqual(load.answers);
      expect(await fleet.store.db.collection("tickets").countDocuments()).toBe(load.answers.size);
    },
    2 * FAILOVER_TIMEOUT_MS + 60_000,
  );

  it.each([
    ["worker", WORKER],
    ["door", DOOR],
  ])("a cluster only under a prefix that keeps a queue together: a %s says so and ends", async (_what, program) => {
    topology = await startCluster();
    const said: string[] = [];
    const env = { REDIS_URL: topology.url, QUEUE_PREFIX: "fleet" };
    await expect(fleet.start(program, env, (line) => said.push(line))).rejects.toThrow("ended with 1 before it was ready");
    await until("its reason", () => said.some((line) => line.includes("with a Redis cluster, expected a prefix with a hash tag, such as {fleet}")));
  });
});
