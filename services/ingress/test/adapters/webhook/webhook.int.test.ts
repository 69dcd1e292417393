import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { INBOUND_EVENT_JOB } from "@openticket/contract";
import { makeMongoBlobStore } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../../../test/support/stack.ts";
import { until } from "../../../../../test/support/until.ts";
import { callWebhook, jobOf, recordsOf, setUpSource, signedStandard } from "../../../../../test/support/webhook-calls.ts";

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN = "a token";
const bearer = { authorization: `Bearer ${TOKEN}` };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ withWorker: false, env: { WEBHOOK_BODY_TIMEOUT_MS: "400", WEBHOOK_MEMORY_BYTES: "6000000" } });
  await setUpSource(stack, { name: "signed", kind: "standard-webhooks", secret: WHSEC });
  await setUpSource(stack, { name: "plain", kind: "json", secret: TOKEN, settings: { idPointer: "/id" } });
  await setUpSource(stack, { name: "off", kind: "json", secret: TOKEN, isEnabled: false });
});
afterAll(async () => {
  await stack.store.db.dropDatabase();
  await stack.stop();
});

const signed = (id: string, body: string | Uint8Array<ArrayBuffer>, atMs?: number) =>
  callWebhook(stack, "signed", { body, headers: signedStandard(WHSEC, id, body, atMs) });

describe("an event", () => {
  it("is stored, whole and with a record, before its provider is told so, and enqueued", async () => {
    const body = JSON.stringify({ type: "a", data: "ü" });
    const { status, body: answer } = await signed("msg_1", body);
    expect([status, answer]).toEqual([200, { result: "accepted", id: [expect.stringMatching(/^inb_[0-9a-f]{32}$/)] }]);
    const [record] = await recordsOf(stack, "signed");
    const sha256 = createHash("sha256").update(body).digest("hex");
    const raw = { sha256, size: Buffer.byteLength(body) };
    expect(record).toMatchObject({
      _id: answer.id?.[0],
      mailbox: "webhook:signed",
      raw,
      state: "stored",
      source: { door: "webhook", envelopeTo: [], webhook: { source: "signed", kind: "standard-webhooks", eventId: "msg_1", body: raw } },
    });
    expect(await makeMongoBlobStore(stack.store).has(sha256)).toEqual({ size: raw.size });
    const { name, data } = await jobOf(stack, record?.requestId ?? "");
    expect([name, data]).toEqual([INBOUND_EVENT_JOB, expect.objectContaining({ inboundId: record?._id })]);
  });

  it("that comes again, however often at once, gets the same answer and is stored once", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => signed("msg_2", '{"n":2}')));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const found = (await recordsOf(stack, "signed")).filter(({ source }) => source.webhook?.eventId === "msg_2");
    expect(found).toMatchObject([{ repetitions: 4 }]);
  });

  it("without an id is named by its body", async () => {
    const once = await callWebhook(stack, "plain", { body: '{"a":1}', headers: bearer });
    const again = await callWebhook(stack, "plain", { body: '{"a":1}', headers: bearer, method: "PUT" });
    const other = await callWebhook(stack, "plain", { body: '{"a":2}', headers: bearer });
    expect([once.status, again.text]).toEqual([200, once.text]);
    expect(other.body.id).not.toEqual(once.body.id);
  });

  it("of another source is another one, though it has the same id", async () => {
    const [a, b] = [await signed("same", "{}"), await callWebhook(stack, "plain", { body: '{"id":"same"}', headers: bearer })];
    expect(a.body.id).not.toEqual(b.body.id);
  });
});

describe("a call is refused", () => {
  const records = async () => (await recordsOf(stack, "signed")).length + (await recordsOf(stack, "plain")).length;

  it.each([
    ["forged", 401, async () => callWebhook(stack, "signed", { body: "{}", headers: signedStandard("whsec_AAAA", "m", "{}") })],
    ["altered", 401, async () => callWebhook(stack, "signed", { body: '{"a":1} ', headers: signedStandard(WHSEC, "m", '{"a":1}') })],
    ["stale", 401, async () => signed("m", "{}", Date.now() - 400_000)],
    ["from the future", 401, async () => signed("m", "{}", Date.now() + 400_000)],
    ["without a signature", 401, async () => callWebhook(stack, "signed", { body: "{}" })],
    ["that is no JSON", 400, async () => signed("m", "{")],
    ["that is a JSON text", 400, async () => signed("m", '"text"')],
    ["that is not UTF-8", 400, async () => signed("m", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    ["that is empty", 400, async () => signed("m", "")],
    ["whose id is of another type", 400, async () => callWebhook(stack, "plain", { body: '{"id":{}}', headers: bearer })],
    ["that is a list of two", 400, async () => callWebhook(stack, "plain", { body: '[{"subject":"a"},{"subject":"b"}]', headers: bearer })],
    ["that says it is XML", 400, async () => callWebhook(stack, "plain", { body: "{}", headers: { ...bearer, "content-type": "text/xml" } })],
    ["that is compressed", 400, async () => callWebhook(stack, "plain", { body: "{}", headers: { ...bearer, "content-encoding": "gzip" } })],
    ["that is too large", 413, async () => callWebhook(stack, "plain", { body: `{"a":"${"x".repeat(5_300_000)}"}`, headers: bearer })],
    ["of an unknown source", 404, async () => callWebhook(stack, "nobody", { body: "{}", headers: bearer })],
    ["of a name that no source can have", 404, async () => callWebhook(stack, "%00..%2f", { body: "{}", headers: bearer })],
    ["of a disabled source", 404, async () => callWebhook(stack, "off", { body: "{}", headers: bearer })],
  ])("%s", async (_what, status, call) => {
    const before = await records();
    const answer = await call();
    expect([answer.status, answer.body.result, answer.body.message?.length]).toEqual([status, "error", expect.any(Number)]);
    expect(await records()).toBe(before);
  });

  it("when its body does not come in time, and others go on meanwhile", async () => {
    const { hostname, port } = new URL(stack.httpUrl);
    const slow = httpRequest({ hostname, port, path: "/webhooks/plain", method: "POST", headers: { ...bearer, "content-length": "100" } });
    slow.on("error", () => undefined);
    const answered = new Promise<number | undefined>((resolve) => slow.once("response", ({ statusCode }) => resolve(statusCode)));
    slow.write("{");
    expect((await callWebhook(stack, "plain", { body: '{"id":"meanwhile"}', headers: bearer })).status).toBe(200);
    expect(await answered).toBe(408);
    slow.destroy();
  });

  it("by a wrong password before its body has come", async () => {
    const { hostname, port } = new URL(stack.httpUrl);
    const headers = { authorization: "Bearer wrong", "content-length": "4000000" };
    const call = httpRequest({ hostname, port, path: "/webhooks/plain", method: "POST", headers });
    call.on("error", () => undefined).write("{");
    const [{ statusCode }] = (await once(call, "response")) as [IncomingMessage];
    call.destroy();
    expect(statusCode).toBe(401);
  });

  it("for a while when too much is in hand, and nothing stays held", async () => {
    const { hostname, port } = new URL(stack.httpUrl);
    // A body that does not come to its end is held until the door has waited long enough for it.
    const holdLarge = async () => {
      const call = httpRequest({ hostname, port, path: "/webhooks/plain", method: "POST", headers: { ...bearer, "content-length": "4500000" } });
      call.on("error", () => undefined).write("x".repeat(4_000_000));
      const [{ statusCode, headers }] = (await once(call, "response")) as [IncomingMessage];
      call.destroy();
      return { status: statusCode, retryAfter: headers["retry-after"] };
    };
    await until("a refusal beside a body that is held", async () => {
      const answers = await Promise.all([holdLarge(), holdLarge()]);
      return isDeepStrictEqual(
        new Set(answers),
        new Set([
          { status: 408, retryAfter: undefined },
          { status: 503, retryAfter: "5" },
        ]),
      );
    });
    const callLarge = () => callWebhook(stack, "plain", { body: `{"id":"big","x":"${"x".repeat(3_000_000)}"}`, headers: bearer });
    await until("room", async () => (await callLarge()).status === 200);
  });
});

it.each(["GET", "HEAD"])("%s says whether there is such a source", async (method) => {
  const statuses = await Promise.all(["plain", "off", "nobody"].map(async (name) => (await callWebhook(stack, name, { method })).status));
  expect(statuses).toEqual([200, 404, 404]);
});
