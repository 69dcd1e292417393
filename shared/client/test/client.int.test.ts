import { requestIdOfKey } from "@openticket/contract";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeOpenTicketClient, type OpenTicketClientOptions } from "../src/client.ts";
import { QueueUnavailable, ReplyTimeout } from "../src/errors.ts";
import { type FakeWorkerOptions, startFakeWorker } from "./support/fake-worker.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function aClient(options: Partial<OpenTicketClientOptions> & { prefix: string }) {
  const client = makeOpenTicketClient({ redisUrl: redisUrl(), ...options });
  cleanups.push(() => client.close());
  return client;
}

function aWorker(options: Partial<FakeWorkerOptions> & { prefix: string }) {
  const worker = startFakeWorker({ url: redisUrl(), ...options });
  cleanups.push(() => worker.close());
  return worker;
}

const PARAMS = { deptid: 1, subject: "Broken", message: "It is broken", name: "Ada", email: "ada@example.test" };
const rejecting: FakeWorkerOptions["decide"] = ({ requestId }) => ({
  requestId,
  result: "error",
  message: "Subject is required",
  errors: [{ code: "subject_required", field: "subject", message: "Subject is required" }],
});

describe("the client", () => {
  it("opens a ticket with its attachments and who acts", async () => {
    const prefix = uniquePrefix();
    const worker = aWorker({ prefix });
    const result = await aClient({ prefix, source: "shop" }).openTicket(
      { ...PARAMS, attachments: [{ name: "a.txt", data: Buffer.from("hello") }] },
      { adminUsername: "admin", correlationId: "trace", idempotencyKey: "order-1", timeoutMs: 5000 },
    );
    expect(result).toMatchObject({ result: "success", id: 1, correlationId: "trace" });
    expect(worker.taken[0]).toMatchObject({
      requestId: result.requestId,
      source: { channel: "sdk", credential: "shop" },
      actor: { admin: "admin" },
      ticket: { ...PARAMS, attachments: [{ name: "a.txt", data: Buffer.from("hello").toString("base64") }] },
    });
  });

  it("hands back a rejection as a result", async () => {
    const prefix = uniquePrefix();
    aWorker({ prefix, decide: rejecting });
    expect(await aClient({ prefix }).openTicket({}, { timeoutMs: 5000 })).toMatchObject({ result: "error", message: "Subject is required" });
  });

  it("answers as the reference's local call does", async () => {
    const prefix = uniquePrefix();
    const worker = aWorker({ prefix });
    const client = aClient({ prefix });
    expect(await client.localAPI("OpenTicket", PARAMS, "admin")).toEqual({ result: "success", id: 1, tid: "T-1", c: "aB3dE6gH" });
    expect(worker.taken[0]?.actor).toEqual({ admin: "admin" });
    expect(await client.localAPI("CloseTicket", PARAMS)).toMatchObject({ result: "error" });
    await worker.close();
    aWorker({ prefix, decide: rejecting });
    expect(await client.localAPI("openticket", {})).toEqual({ result: "error", message: "Subject is required" });
  });

  it("tells the status of a request: queued, done, unknown", async () => {
    const prefix = uniquePrefix();
    const client = aClient({ prefix });
    const { requestId } = await client.submit(PARAMS, { idempotencyKey: "k" });
    expect(await client.submit(PARAMS, { idempotencyKey: "k" })).toEqual({ requestId });
    expect(await client.status(requestId)).toEqual({ requestId, state: "queued" });
    aWorker({
      prefix,
      statusOf: (asked) =>
        asked === requestId
          ? { requestId, state: "done", result: { requestId, result: "success", id: 5, tid: "T", c: "c" } }
          : { requestId: asked, state: "unknown" },
    });
    await vi.waitFor(async () => expect(await client.status(requestId)).toMatchObject({ state: "done", result: { id: 5 } }));
    expect(await client.status("req_never")).toEqual({ requestId: "req_never", state: "unknown" });
  });

  it("gives up with the request's name when no worker runs", async () => {
    const client = aClient({ prefix: uniquePrefix() });
    const late = await client.openTicket(PARAMS, { timeoutMs: 100 }).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(ReplyTimeout);
    await expect(client.status("req_gone", { timeoutMs: 100 })).rejects.toBeInstanceOf(ReplyTimeout);
  });

  it("waits for the request that it left in the queue when it is called again with its key, and adds none", async () => {
    const prefix = uniquePrefix();
    const client = aClient({ prefix });
    const key = { idempotencyKey: "k", timeoutMs: 300 };
    for (let calls = 0; calls < 4; calls++) await expect(client.openTicket(PARAMS, key)).rejects.toBeInstanceOf(ReplyTimeout);
    const decided = new Set<string>();
    const resultOf = (requestId: string) => ({ requestId, result: "success", id: 5, tid: "T", c: "c" }) as const;
    const worker = aWorker({
      prefix,
      decide({ requestId }) {
        decided.add(requestId);
        return resultOf(requestId);
      },
      statusOf: (requestId) => (decided.has(requestId) ? { requestId, state: "done", result: resultOf(requestId) } : { requestId, state: "unknown" }),
    });
    expect(await client.openTicket(PARAMS, { ...key, timeoutMs: 10_000 })).toMatchObject({ result: "success", id: 5 });
    expect(worker.taken).toHaveLength(1);
  });

  it("knows of a request with a key while its caller waits", async () => {
    const prefix = uniquePrefix();
    const [client, other] = [aClient({ prefix }), aClient({ prefix })];
    const waiting = client.openTicket(PARAMS, { idempotencyKey: "k", timeoutMs: 20_000 });
    const requestId = requestIdOfKey("sdk", "k");
    await vi.waitFor(async () => expect(await other.status(requestId, { timeoutMs: 500 })).toEqual({ requestId, state: "queued" }));
    aWorker({ prefix });
    expect(await waiting).toMatchObject({ result: "success" });
  });

  it("does nothing any more once it is closed", async () => {
    const client = aClient({ prefix: uniquePrefix() });
    await client.close();
    await expect(client.openTicket(PARAMS)).rejects.toBeInstanceOf(QueueUnavailable);
  });

  it.each([0, -1, Number.NaN])("refuses to wait for %s ms", async (timeoutMs) => {
    await expect(aClient({ prefix: uniquePrefix() }).openTicket(PARAMS, { timeoutMs })).rejects.toThrow("above 0");
  });

  it("waits for as long as timers can when it is told to wait for ever", async () => {
    const prefix = uniquePrefix();
    const waiting = aClient({ prefix }).openTicket(PARAMS, { timeoutMs: Number.POSITIVE_INFINITY });
    aWorker({ prefix });
    expect(await waiting).toMatchObject({ result: "success" });
  });
});
