import type { InboundRecord, WebhookSource } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../../test/support/servers.ts";
import { until } from "../../../../test/support/until.ts";
import {
  auditStore,
  connectStore,
  makeMongoBlobStore,
  makeMongoInbound,
  makeMongoWebhookSources,
  makeMongoWebhookTokens,
  type StoreConnection,
  sweepBlobs,
  type WebhookSources,
} from "../../src/index.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const LATER = new Date("2026-01-01T12:00:01Z");

let store: StoreConnection;
let sources: WebhookSources;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("webhooks")), appName: "test", serverSelectionTimeoutMs: 5000 });
  sources = makeMongoWebhookSources(store);
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

const source = (_id: string, more: Partial<WebhookSource> = {}): WebhookSource => ({
  _id,
  kind: "json",
  isEnabled: true,
  settings: { idPointer: "/a.b/$c" },
  secrets: [{ id: "sec_1", sealed: "x", createdAt: NOW }],
  correlation: null,
  createdAt: NOW,
  updatedAt: NOW,
  ...more,
});

describe("sources of webhooks", () => {
  it("are kept as they were given, once for each name", async () => {
    expect(await sources.create(source("b"))).toBe(true);
    expect(await sources.create(source("b", { kind: "github" }))).toBe(false);
    expect(await sources.find("b")).toEqual(source("b"));
    await sources.create(source("a"));
    expect((await sources.all()).map(({ _id }) => _id)).toEqual(["a", "b"]);
  });

  it("are replaced only as they were seen", async () => {
    await sources.create(source("c"));
    expect(await sources.replace(source("c"), source("c", { isEnabled: false, updatedAt: LATER }))).toBe(true);
    expect(await sources.replace(source("c"), source("c", { updatedAt: LATER }))).toBe(false);
    expect(await sources.find("c")).toMatchObject({ isEnabled: false, updatedAt: LATER });
    expect(await sources.replace(source("nobody"), source("nobody"))).toBe(false);
  });

  it("are removed", async () => {
    await sources.create(source("d"));
    expect([await sources.remove("d"), await sources.remove("d"), await sources.find("d")]).toEqual([true, false, undefined]);
  });

  it("that are asked for all the time are known for a moment: a change is seen at once, one of another process within seconds", async () => {
    const others = makeMongoWebhookSources(store);
    expect([await sources.findKept("e"), await others.findKept("e")]).toEqual([undefined, undefined]);
    await sources.create(source("e"));
    expect([await sources.findKept("e"), await others.findKept("e")]).toEqual([source("e"), undefined]);
    await until("the new source", () => others.findKept("e"), 5000);
    await sources.replace(source("e"), source("e", { isEnabled: false, updatedAt: LATER }));
    expect(await sources.findKept("e")).toMatchObject({ isEnabled: false });
    await sources.remove("e");
    expect([await sources.findKept("e"), await others.findKept("e")]).toEqual([undefined, source("e")]);
    await until("its end", async () => (await others.findKept("e")) === undefined, 5000);
  });
});

it("a token belongs to the first body that came with it, for each source and however many come at once", async () => {
  const tokens = makeMongoWebhookTokens(store);
  const until = new Date(Date.now() + 60_000);
  const answers = await Promise.all(["1", "2", "1", "2"].map((body) => tokens.isFor("s", "t", body, until)));
  expect([answers[0] === answers[2], answers[1] === answers[3], answers[0] !== answers[1]]).toEqual([true, true, true]);
  expect(await tokens.isFor("other", "t", "3", until)).toBe(true);
  const indexes = await store.db.collection("webhooktokens").indexes();
  expect(indexes).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }));
});

describe("the body of a call", () => {
  const far = new Date(Date.now() + 86_400_000);
  async function* bytes(text: string) {
    yield Buffer.from(text);
  }
  const put = (text: string) => makeMongoBlobStore(store).put(bytes(text), { maxBytes: 1000 });

  async function accepted(name: string, body: { sha256: string; size: number }): Promise<InboundRecord> {
    const raw = await put(`mail ${name}`);
    const record: InboundRecord = {
      _id: `inb_${name}`,
      requestId: `req_${name}`,
      mailbox: "support@example.test",
      source: { door: "webhook", envelopeTo: [], webhook: { source: "s", kind: "mailgun", body } },
      raw,
      receivedAt: NOW,
      state: "stored",
      trace: [],
      repetitions: 0,
    };
    await makeMongoInbound(store, { now: () => NOW }).accept(record);
    return record;
  }

  it("is kept as long as what it brought", async () => {
    const body = await put("the call");
    const { _id } = await accepted("swept", body);
    await sweepBlobs(store, { olderThanMs: 0, now: far });
    expect(await makeMongoBlobStore(store).has(body.sha256)).toEqual({ size: body.size });
    await store.db.collection<{ _id: string }>("inbound").deleteOne({ _id });
    await sweepBlobs(store, { olderThanMs: 0, now: far });
    expect(await makeMongoBlobStore(store).has(body.sha256)).toBeUndefined();
  });

  it("that is missing is found by the audit, which counts occurrences", async () => {
    const { _id } = await accepted("audited", { sha256: "0".repeat(64), size: 1 });
    await makeMongoInbound(store, { now: () => NOW }).decide(_id, { state: "occurrence", trace: [] });
    const { differences, counts } = await auditStore(store, { now: NOW, overdueMs: 1000 });
    expect(differences).toContainEqual({ kind: "raw-missing", about: _id, detail: expect.stringContaining("webhook") });
    expect(counts.inbound.occurrence).toBe(1);
  });
});
