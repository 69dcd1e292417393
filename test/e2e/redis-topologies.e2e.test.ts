import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorization } from "../support/api-php.ts";
import { DOOR, type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { startCluster, startSentinels, type Topology } from "../support/redis-topologies.ts";
import { until } from "../support/until.ts";

/** Requests of one burst. */
const BURST = 60;
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

const burst = (url: string) => Promise.all(Array.from({ length: BURST }, () => openWithPatience(url, randomUUID())));

describe("the queue may live on", () => {
  it.each([
    ["a cluster", startCluster, "{fleet}"],
    ["a server watched by Sentinels", startSentinels, "fleet"],
  ])(
    "%s, and a failover loses and doubles nothing",
    async (_what, start, prefix) => {
      topology = await start();
      const env = { REDIS_URL: topology.url, QUEUE_PREFIX: prefix, HTTP_REPLY_TIMEOUT_MS: "4000" };
      await fleet.start(WORKER, env);
      const { url } = await fleet.start(DOOR, env);
      const before = await burst(url);
      const during = burst(url);
      await topology.failOver(`${prefix}:open-ticket:wait`);
      const ids = [...before, ...(await during), ...(await burst(url))];
      expect(new Set(ids).size).toBe(3 * BURST);
      expect(await fleet.store.db.collection("tickets").countDocuments()).toBe(3 * BURST);
    },
    FAILOVER_TIMEOUT_MS + 60_000,
  );

  it("a cluster only under a prefix that keeps a queue together", async () => {
    topology = await startCluster();
    await expect(fleet.start(WORKER, { REDIS_URL: topology.url, QUEUE_PREFIX: "fleet" })).rejects.toThrow("ended with 1 before it was ready");
  });
});
