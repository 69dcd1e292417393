import { importReferenceData } from "@openticket/store";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authorization, callApi } from "../support/api-php.ts";
import { testMongoUrl, testRedisUrl, uniqueName } from "../support/servers.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "Back-pressure", message: "m" };
/** A refusal is to come well before a caller's own time-out, ms. */
const QUICK_MS = 5000;

let stack: Stack;
let redisProxy: TcpProxy;
let mongoProxy: TcpProxy;
beforeAll(async () => {
  const name = uniqueName("pressure");
  const mongo = new URL(testMongoUrl(name));
  [redisProxy, mongoProxy] = await Promise.all([openTcpProxy(Number(new URL(testRedisUrl()).port)), openTcpProxy(Number(mongo.port))]);
  stack = await startStack({
    prefix: name,
    env: {
      REDIS_URL: `redis://127.0.0.1:${redisProxy.port}`,
      MONGODB_URL: `mongodb://127.0.0.1:${mongoProxy.port}/${name}?directConnection=true`,
      HTTP_REPLY_TIMEOUT_MS: "10000",
    },
  });
});
beforeAll(() => importReferenceData(stack.store, [{ name: "credentials.json", text: JSON.stringify([{ ...STORED, permissions: ["openticket"] }]) }]));
afterAll(async () => {
  await stack.stop();
  await Promise.all([redisProxy.close(), mongoProxy.close()]);
});

/** A credential that the door must ask the store for. */
const STORED = { identifier: "stored", secret: "stored-secret" };

async function viaRest(headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify(TICKET);
  return fetch(`${stack.httpUrl}/v1/tickets`, { method: "POST", headers: { ...authorization(stack), "content-type": "application/json", ...headers }, body });
}

async function expectQuickRefusal(call: () => Promise<{ status: number; headers: Headers }>): Promise<void> {
  const startedAt = performance.now();
  const { status, headers } = await call();
  expect(status).toBe(503);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect(performance.now() - startedAt).toBeLessThan(QUICK_MS);
}

const refusedEverywhere = async () => {
  await expectQuickRefusal(() => viaRest());
  await expectQuickRefusal(() => viaRest({ prefer: "respond-async" }));
  await expectQuickRefusal(() => callApi(stack, TICKET));
  const { identifier, secret } = STORED;
  await expectQuickRefusal(() => viaRest({ authorization: `Basic ${btoa(`${identifier}:${secret}`)}` }));
  await expectQuickRefusal(() => callApi({ ...stack, credentials: STORED }, TICKET));
};
const opensAgain = () => until("the door to open again", async () => (await viaRest()).status === 201, 40_000);

describe("doors answer 503 with Retry-After, quickly, and recover by themselves", () => {
  it.each([
    ["Redis is silent", () => redisProxy],
    ["MongoDB is silent", () => mongoProxy],
  ])("when %s", async (_which, proxy) => {
    await opensAgain();
    proxy().freeze();
    // The first calls after the silence may have been let in on what was known before.
    await until("the door to notice", async () => (await viaRest({ prefer: "respond-async" })).status === 503);
    await refusedEverywhere();
    proxy().thaw();
    await opensAgain();
  });

  it("when Redis is nearly full", async () => {
    const redis = new Redis(testRedisUrl());
    try {
      const used = Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
      await redis.config("SET", "maxmemory", Math.round(used * 1.15));
      await until("the door to notice", async () => (await viaRest()).status === 503);
      await refusedEverywhere();
    } finally {
      await redis.config("SET", "maxmemory", 0);
      redis.disconnect();
    }
    await opensAgain();
  });
});
