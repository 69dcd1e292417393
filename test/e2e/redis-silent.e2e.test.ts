import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { callJson } from "../support/api-php.ts";
import { postTicket, rest } from "../support/rest.ts";
import { testRedisUrl } from "../support/servers.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";

const TICKET = { deptid: 1, clientid: 1, subject: "Silence", message: "m" };
/** Longer than a door waits for Redis' answer, and shorter than for its outcome. */
const SILENCE_MS = 2500;

let stack: Stack;
let proxy: TcpProxy;
beforeEach(async () => {
  proxy = await openTcpProxy(Number(new URL(testRedisUrl()).port));
  stack = await startStack({ env: { REDIS_URL: `redis://127.0.0.1:${proxy.port}`, HTTP_REPLY_TIMEOUT_MS: "4000", HTTP_ASYNC_DURABILITY: "queue" } });
  // The door has its connections, and takes the next call on what it has just seen.
  expect((await callJson(stack, TICKET)).result).toBe("success");
});
afterEach(async () => {
  await stack.stop();
  await proxy.close();
});

const tickets = () => stack.store.db.collection("tickets").countDocuments();

it("a call that Redis stands still under is not told that nothing was accepted: it gets its ticket when Redis goes on", async () => {
  proxy.freeze();
  const call = callJson(stack, TICKET);
  await sleep(SILENCE_MS);
  proxy.thaw();
  expect(await call).toMatchObject({ status: 200, result: "success" });
  expect(await tickets()).toBe(2);
});

it("one that Redis has not answered by the deadline gets the name to ask with, and a receipt; its ticket is opened once", async () => {
  proxy.freeze();
  const [call, promised] = await Promise.all([callJson(stack, TICKET), postTicket(stack, TICKET, { prefer: "respond-async" })]);
  expect(call).toMatchObject({ status: 503, message: expect.stringContaining("ask for it by the request id") });
  expect([promised.status, promised.body.detail]).toEqual([503, expect.stringContaining(`/v1/requests/${promised.body.requestId}`)]);
  const requestIds = [call.requestid ?? "", promised.body.requestId ?? ""];
  expect(await stack.store.db.collection<{ _id: string }>("receipts").countDocuments({ _id: { $in: requestIds } })).toBe(2);
  const asked = await rest(stack, "GET", `/v1/requests/${call.requestid}`);
  expect([asked.status, asked.body.detail]).toEqual([503, "The queue is not available; ask again"]);
  proxy.thaw();
  for (const requestId of requestIds)
    await until("its ticket", async () => (await rest(stack, "GET", `/v1/requests/${requestId}?wait=5`)).body.state === "done", 20_000);
  expect(await tickets()).toBe(3);
});
