import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WebhookCallRecord, WebhookEndpoint } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { type CallStore, connectStore, type EndpointStore, makeMongoCalls, makeMongoEndpoints, type StoreConnection } from "@openticket/store";
import { makeCall, makeEndpoint, makeGuardedRequest, makeSecretBox, newEndpointForm, secretOf } from "@openticket/webhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Receiver, startReceiver, verified } from "../../../../test/support/event-receiver.ts";
import { testMongoUrl, uniqueName } from "../../../../test/support/servers.ts";
import { until } from "../../../../test/support/until.ts";
import { startInterest } from "../../src/events-out/interest.ts";
import { startSender } from "../../src/events-out/sender.ts";

const LOOPBACK = ["127.0.0.0/8"];
const RETENTION_MS = 1000;
const box = makeSecretBox(randomBytes(32).toString("base64"));
const [secret, oldSecret] = [secretOf(randomBytes(32)), secretOf(randomBytes(32))];

let store: StoreConnection;
let endpoints: EndpointStore;
let calls: CallStore;
let closers: (() => Promise<unknown>)[] = [];
/** How far the workers' time is ahead. */
let aheadMs = 0;
const now = () => new Date(Date.now() + aheadMs);

beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("sender")), appName: "test", serverSelectionTimeoutMs: 5000 });
  endpoints = makeMongoEndpoints(store);
  calls = makeMongoCalls(store);
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});
beforeEach(async () => {
  aheadMs = 0;
  for (const name of ["webhookcalls", "webhookendpoints"]) await store.db.collection(name).deleteMany({});
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function receiver(options?: { alwaysHangs: boolean }): Promise<Receiver> {
  const started = await startReceiver(options);
  closers.push(started.close);
  return started;
}

async function endpointAt(url: string, more: Partial<WebhookEndpoint> = {}): Promise<WebhookEndpoint> {
  const form = newEndpointForm(LOOPBACK).parse({ name: uniqueName("e"), url, events: ["ticket.opened"], timeoutMs: 1000 });
  const endpoint = { ...makeEndpoint(form, { id: "s1", sealed: box.seal(secret), createdAt: now() }, now()), ...more };
  await endpoints.create(endpoint);
  return endpoint;
}

let made = 0;
async function owe({ _id: endpoint }: WebhookEndpoint, more: Partial<WebhookCallRecord> = {}): Promise<WebhookCallRecord> {
  const body = JSON.stringify({ type: "ticket.opened", timestamp: now().toISOString(), data: { n: ++made } });
  const call = { ...makeCall({ eventId: `evt_${made}`, endpoint, type: "ticket.opened", body, now: now() }), ...more };
  await calls.owe(call);
  return call;
}

/** One worker's sender, with places for so many calls beside one of each endpoint. */
async function startWorkerSender({ maxInFlight = 20 } = {}) {
  const logger = makeLogger({ name: "test", level: "silent" });
  const interest = await startInterest({ load: endpoints.all, random: Math.random, logger });
  const sender = startSender({
    active: interest.active,
    all: endpoints.all,
    refresh: interest.refresh,
    calls,
    disable: endpoints.disable,
    send: makeGuardedRequest({ allowedNetworks: LOOPBACK }),
    open: box.open,
    maxInFlight,
    retentionMs: RETENTION_MS,
    now,
    nowMs: () => performance.now() + aheadMs,
    random: () => 0,
    sleep,
    logger,
    metrics: makeMetrics(),
  });
  const close = async () => {
    await sender.close();
    await interest.close();
  };
  closers.push(close);
  return { close, sender, refresh: interest.refresh };
}

const foundOf = async (owed: readonly WebhookCallRecord[]) => (await Promise.all(owed.map(({ _id }) => calls.find(_id)))).filter((call) => call !== undefined);
const reached = (id: string, what: string, isSo: (call: WebhookCallRecord) => boolean) =>
  until(`${what} of ${id}`, async () => {
    const call = await calls.find(id);
    return call && isSo(call) ? call : undefined;
  });
const delivered = (id: string) => reached(id, "the delivery", ({ state }) => state === "delivered");
const tried = (id: string, times = 1) => reached(id, "the try", ({ tries }) => tries.length >= times);

describe("a call that is owed", () => {
  it("is sent once, signed with every valid secret, and kept for its log for a while", async () => {
    const it = await receiver();
    const sealed = { id: "s0", sealed: box.seal(oldSecret), createdAt: now(), expiresAt: new Date(now().getTime() + 60_000) };
    const ended = { id: "s-", sealed: box.seal(secretOf(randomBytes(32))), createdAt: now(), expiresAt: new Date(now().getTime() - 1) };
    const endpoint = await endpointAt(it.url, { secrets: [ended, sealed, { id: "s1", sealed: box.seal(secret), createdAt: now() }] });
    const { _id, eventId } = await owe(endpoint);
    await startWorkerSender();
    const call = await delivered(_id);
    expect(it.calls.map(({ id }) => id)).toEqual([eventId]);
    for (const known of [secret, oldSecret]) expect(verified(known, it.calls[0] ?? fail())).toEqual(it.calls[0]?.event);
    expect(it.calls[0]?.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
    expect(call).toMatchObject({ tries: [{ status: 204 }], attempts: 0 });
    expect(call.dueAt).toBeUndefined();
    expect(call.expiresAt?.getTime()).toBe((call.decidedAt?.getTime() ?? 0) + RETENTION_MS);
  });

  it("is sent once by several workers together", async () => {
    const it = await receiver();
    const endpoint = await endpointAt(it.url);
    const owed = await Promise.all(Array.from({ length: 30 }, () => owe(endpoint)));
    await Promise.all([startWorkerSender(), startWorkerSender(), startWorkerSender()]);
    for (const { _id } of owed) await delivered(_id);
    expect(it.calls.map(({ id }) => id).sort()).toEqual(owed.map(({ eventId }) => eventId).sort());
  });

  it("and owed again is stored once", async () => {
    const endpoint = await endpointAt((await receiver()).url);
    const call = await owe(endpoint);
    await calls.owe({ ...call, body: "another" });
    expect((await calls.find(call._id))?.body).toBe(call.body);
  });
});

describe("an endpoint that answers", () => {
  it("500 is called again after five seconds, under the same id", async () => {
    const it = await receiver();
    it.answers.push({ status: 500 });
    const { _id, eventId } = await owe(await endpointAt(it.url));
    await startWorkerSender();
    const failed = await tried(_id);
    expect(failed).toMatchObject({ state: "pending", attempts: 1, tries: [{ status: 500 }] });
    expect((failed.dueAt?.getTime() ?? 0) - (failed.tries[0]?.at.getTime() ?? 0)).toBeGreaterThanOrEqual(5000);
    aheadMs = 6000;
    await delivered(_id);
    expect(it.calls.map(({ id }) => id)).toEqual([eventId, eventId]);
  });

  it("429 with Retry-After is left alone for so long", async () => {
    const it = await receiver();
    it.answers.push({ status: 429, headers: { "retry-after": "120" } });
    const endpoint = await endpointAt(it.url);
    const { _id } = await owe(endpoint);
    await startWorkerSender();
    const failed = await tried(_id);
    expect((failed.dueAt?.getTime() ?? 0) - (failed.tries[0]?.at.getTime() ?? 0)).toBeGreaterThanOrEqual(120_000);
    const other = await owe(endpoint);
    await sleep(1500);
    expect(await calls.find(other._id)).toMatchObject({ tries: [], state: "pending" });
    aheadMs = 121_000;
    await delivered(_id);
    await delivered(other._id);
  });

  it("a redirect has failed, and nobody follows it", async () => {
    const [it, elsewhere] = [await receiver(), await receiver()];
    it.answers.push({ status: 307, headers: { location: elsewhere.url } });
    const { _id } = await owe(await endpointAt(it.url));
    await startWorkerSender();
    expect(await tried(_id)).toMatchObject({ state: "pending", tries: [{ status: 307 }] });
    expect(elsewhere.calls).toEqual([]);
  });

  it("410 gets no more calls until the operator enables it, whatever is owed to it", async () => {
    const it = await receiver();
    it.answers.push({ status: 410 });
    const endpoint = await endpointAt(it.url, { maxInFlight: 1 });
    const first = await owe(endpoint);
    const others = [await owe(endpoint), await owe(endpoint), await owe(endpoint)];
    await startWorkerSender();
    expect(await reached(first._id, "the end", ({ state }) => state === "failed")).toMatchObject({ tries: [{ status: 410 }] });
    const stopped = await until("it is stopped", async () => (await endpoints.find(endpoint._id))?.disabled);
    expect(stopped.reason).toMatch(/410/);
    await sleep(1500);
    expect(it.calls.map(({ id }) => id)).toEqual([first.eventId]);
    const { disabled, ...enabled } = { ...endpoint, updatedAt: new Date(endpoint.updatedAt.getTime() + 1) };
    await endpoints.replace(endpoint, enabled);
    for (const { _id } of others) await delivered(_id);
  });

  it("slowly gets the calls that are left at its new URL, once it has one", async () => {
    const [old, moved] = [await receiver({ alwaysHangs: true }), await receiver()];
    const endpoint = await endpointAt(old.url, { maxInFlight: 1 });
    const owed = await Promise.all(Array.from({ length: 3 }, () => owe(endpoint)));
    const { refresh } = await startWorkerSender();
    await until("the first call", async () => old.calls.length > 0);
    await endpoints.replace(endpoint, { ...endpoint, url: moved.url, updatedAt: new Date(endpoint.updatedAt.getTime() + 1) });
    await refresh();
    await until("the others", async () => moved.calls.length === owed.length - 1);
    expect(old.calls).toHaveLength(1);
  });

  it("never is given up after ten tries, and a replay sends the call again", async () => {
    const it = await receiver();
    const { _id, eventId } = await owe(await endpointAt(it.url), { attempts: 9 });
    it.answers.push({ status: 400 });
    const { sender } = await startWorkerSender();
    expect(await reached(_id, "the end", ({ state }) => state === "failed")).toMatchObject({ tries: [{ status: 400, error: "the answer was 400" }] });
    const at = now();
    expect(await calls.replay(_id, { now: at, endsAt: new Date(at.getTime() + 60_000) })).toBe("owed");
    sender.wake((await calls.find(_id))?.endpoint ?? "");
    expect(await delivered(_id)).toMatchObject({ attempts: 0, tries: [{ status: 400 }, { status: 204 }] });
    expect(it.calls.map(({ id }) => id)).toEqual([eventId, eventId]);
    expect(await calls.replay("evt_none.none", { now: at, endsAt: at })).toBe("unknown");
  });
});

describe("a slow or dead endpoint", () => {
  it("delays nobody: beside it a good one gets each call at once", async () => {
    const [slow, dead, good] = [await receiver({ alwaysHangs: true }), await receiver(), await receiver()];
    const [hanging, gone, fine] = [await endpointAt(slow.url, { maxInFlight: 50 }), await endpointAt(dead.url), await endpointAt(good.url)];
    await dead.close();
    closers = closers.filter((close) => close !== dead.close);
    for (let n = 0; n < 40; n++) await Promise.all([owe(hanging), owe(gone)]);
    const { sender } = await startWorkerSender({ maxInFlight: 4 });
    await until("the slow one holds every shared place", () => slow.calls.length >= 5);
    const waits: number[] = [];
    for (let n = 0; n < 20; n++) {
      const startMs = performance.now();
      const { eventId } = await owe(fine);
      sender.wake(fine._id);
      await until("the good one is called", () => good.calls.some(({ id }) => id === eventId));
      waits.push(performance.now() - startMs);
    }
    expect(Math.max(...waits)).toBeLessThan(900);
  });

  it("is called less and less: after five failures not before its pause has ended", async () => {
    const it = await receiver();
    it.answers.push(...Array.from({ length: 50 }, () => ({ status: 503 })));
    const endpoint = await endpointAt(it.url, { maxInFlight: 1 });
    for (let n = 0; n < 20; n++) await owe(endpoint);
    await startWorkerSender();
    await until("five have failed", () => it.calls.length === 5);
    await sleep(1500);
    expect(it.calls).toHaveLength(5);
    aheadMs = 31_000;
    await until("one more is tried", () => it.calls.length === 6);
    await sleep(1500);
    expect(it.calls).toHaveLength(6);
  });
});

describe("a worker that died with a call in hand", () => {
  it("leaves it to another when its lease has run out; the endpoint sees the same id", async () => {
    const it = await receiver();
    const endpoint = await endpointAt(it.url);
    const { _id, eventId } = await owe(endpoint);
    const [taken] = await calls.leaseDue(endpoint._id, now(), 60_000, 5);
    expect(taken?._id).toBe(_id);
    await startWorkerSender();
    await sleep(1500);
    expect(it.calls).toEqual([]);
    expect(await calls.replay(_id, { now: now(), endsAt: now() })).toBe("in-hand");
    aheadMs = 61_000;
    await delivered(_id);
    expect(it.calls.map(({ id }) => id)).toEqual([eventId]);
    // The dead one wakes up, and its failure is no news any more.
    await calls.tried(taken ?? fail(), { at: now(), tookMs: 1, error: "late" }, { state: "pending", attempts: 1, dueAt: now() });
    expect(await calls.find(_id)).toMatchObject({ state: "delivered", tries: [{ status: 204 }] });
  });
});

describe("our own trouble", () => {
  it("with a secret that cannot be opened costs no try", async () => {
    const it = await receiver();
    const foreign = makeSecretBox(randomBytes(32).toString("base64"));
    const { _id } = await owe(await endpointAt(it.url, { secrets: [{ id: "s1", sealed: foreign.seal(secret), createdAt: now() }] }));
    await startWorkerSender();
    const call = await tried(_id);
    expect(call).toMatchObject({ state: "pending", attempts: 0 });
    expect(call.tries[0]?.error).toMatch(/^not sent: /);
    expect(it.calls).toEqual([]);
  });

  it("leaves what else is due to the workers that have no such trouble", async () => {
    const it = await receiver();
    const foreign = makeSecretBox(randomBytes(32).toString("base64"));
    const endpoint = await endpointAt(it.url, { maxInFlight: 2, secrets: [{ id: "s1", sealed: foreign.seal(secret), createdAt: now() }] });
    const owed: WebhookCallRecord[] = [];
    for (let n = 0; n < 20; n++) owed.push(await owe(endpoint));
    const { sender } = await startWorkerSender();
    await until("a try", async () => (await foundOf(owed)).some(({ tries }) => tries.length > 0));
    for (let n = 0; n < 10; n++) {
      sender.wake(endpoint._id);
      await sleep(20);
    }
    expect((await foundOf(owed)).filter(({ tries }) => tries.length > 0).length).toBeLessThanOrEqual(2);
  });
});

describe("the end", () => {
  it("of a call's time gives it up without a try", async () => {
    const endpoint = await endpointAt((await receiver()).url, { isEnabled: false });
    const { _id } = await owe(endpoint, { endsAt: new Date(now().getTime() - 1) });
    await startWorkerSender();
    expect(await reached(_id, "the end", ({ state }) => state === "failed")).toMatchObject({ tries: [{ error: "not delivered in the time that it had" }] });
  });

  it("of an endpoint takes along what is still owed to it by a worker that did not know", async () => {
    const endpoint = await endpointAt((await receiver()).url, { isEnabled: false });
    const old = new Date(now().getTime() - 61_000);
    const [stray, young, known] = [
      await owe({ ...endpoint, _id: "gone" }, { createdAt: old }),
      await owe({ ...endpoint, _id: "new" }),
      await owe(endpoint, { createdAt: old }),
    ];
    await startWorkerSender();
    await until("the stray is gone", async () => (await calls.find(stray._id)) === undefined);
    expect(await calls.find(young._id)).toMatchObject({ state: "pending" });
    expect(await calls.find(known._id)).toMatchObject({ state: "pending" });
  });

  it("of a worker waits for the calls in flight and takes no more", async () => {
    const it = await receiver({ alwaysHangs: true });
    const endpoint = await endpointAt(it.url, { maxInFlight: 1 });
    const [first, second] = [await owe(endpoint), await owe(endpoint)];
    const { close } = await startWorkerSender();
    await until("one is in flight", () => it.calls.length === 1);
    await close();
    expect(await calls.find(first._id)).toMatchObject({ tries: [{ error: /no whole answer/ }] });
    expect(await calls.find(second._id)).toMatchObject({ tries: [] });
  });
});

function fail(): never {
  throw new Error("there is none");
}
