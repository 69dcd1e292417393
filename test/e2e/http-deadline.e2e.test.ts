import { setTimeout as sleep } from "node:timers/promises";
import { httpConfig } from "@openticket/ingress";
import { makeDrain, makeLogger, makeMetrics, readConfig } from "@openticket/runtime";
import { startWorker, workerConfig } from "@openticket/worker";
import { afterEach, beforeEach, expect, it } from "vitest";
import { callJson } from "../support/api-php.ts";
import { postTicket, rest } from "../support/rest.ts";
import { testMongoUrl, uniqueName } from "../support/servers.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "Late", message: "m" };

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ withWorker: false, env: { HTTP_REPLY_TIMEOUT_MS: "300" } });
});
afterEach(() => stack.stop());

/** A worker beside the stack, for as long as `work` takes. */
async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const logger = makeLogger({ name: "late", level: "silent" });
  const drain = makeDrain({ timeoutMs: 10_000, logger });
  const env = { MONGODB_URL: stack.mongodbUrl, REDIS_URL: stack.redisUrl, QUEUE_PREFIX: stack.prefix, DATA_DIR: stack.dataDir, MAIL_DOMAIN: "example.test" };
  await startWorker(readConfig(workerConfig, env), { logger, drain, metrics: makeMetrics() });
  return work().finally(() => drain.drain());
}

it("the default deadline is 25 s", () => {
  expect(httpConfig.shape.HTTP_REPLY_TIMEOUT_MS.parse(undefined)).toBe(25_000);
});

it("a classic call whose outcome is late gets 503, Retry-After and the name to ask with; the ticket is not lost", async () => {
  const { status, result, message, requestid } = await callJson(stack, TICKET);
  expect([status, result]).toEqual([503, "error"]);
  expect(message).toContain("ask for it by the request id");
  expect((await rest(stack, "GET", `/v1/requests/${requestid}`)).body.state).toBe("queued");
  const outcome = await withWorker(() => rest(stack, "GET", `/v1/requests/${requestid}?wait=10`));
  expect(outcome.body).toMatchObject({ state: "done", result: { result: "success" } });
  expect(await stack.store.db.collection("tickets").countDocuments()).toBe(1);
});

it("so does a REST call, with the place to ask", async () => {
  const { status, headers, body } = await postTicket(stack, TICKET);
  expect(status).toBe(503);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect(headers.get("location")).toBe(`/v1/requests/${body.requestId}`);
  const outcome = await withWorker(() => rest(stack, "GET", `${headers.get("location")}?wait=10`));
  expect(outcome.body.state).toBe("done");
});

it("a caller that comes again with its key meanwhile gets the ticket of its first call", async () => {
  const key = { idempotencykey: "again" };
  await callJson(stack, { ...TICKET, ...key });
  const second = await withWorker(async () => {
    for (;;) {
      const answer = await callJson(stack, { ...TICKET, ...key });
      if (answer.status === 200) return answer;
    }
  });
  expect(second.result).toBe("success");
  expect(await stack.store.db.collection("tickets").countDocuments()).toBe(1);
});

it("a late call does not wait for a store that is slow with its receipt, but a door that closes does", async () => {
  const prefix = uniqueName("slow");
  const proxy = await openTcpProxy(Number(new URL(testMongoUrl(prefix)).port));
  const env = { MONGODB_URL: `mongodb://127.0.0.1:${proxy.port}/${prefix}?directConnection=true`, HTTP_REPLY_TIMEOUT_MS: "300" };
  const door = await startStack({ prefix, withWorker: false, env });
  // It takes the next call on what it has just seen of the store.
  await callJson(door, TICKET);
  proxy.freeze();
  const calledAtMs = performance.now();
  const { status, requestid = "" } = await callJson(door, TICKET);
  expect(status).toBe(503);
  expect(performance.now() - calledAtMs).toBeLessThan(3500);
  const stopped = door.stop();
  expect(await Promise.race([stopped, sleep(1500, "waits")])).toBe("waits");
  proxy.thaw();
  await stopped;
  await proxy.close();
  const receipts = stack.store.connection.getClient().db(prefix).collection<{ _id: string }>("receipts");
  expect(await receipts.countDocuments({ _id: requestid })).toBe(1);
});
