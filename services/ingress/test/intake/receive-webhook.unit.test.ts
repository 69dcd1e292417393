import { createHash } from "node:crypto";
import type { InboundMailCommand, InboundRecord, WebhookSource } from "@openticket/contract";
import { makeMemoryBlobStore } from "@openticket/store";
import type { Reading, SourceKind, Verdict, WebhookCall } from "@openticket/webhooks";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { receiveMail } from "../../src/intake/receive-mail.ts";
import { type ReceiveWebhookDeps, receiveWebhook } from "../../src/intake/receive-webhook.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const MAIL = "Message-ID: <1@example.net>\nSubject: s\n\nHello\n";

let records: Map<string, InboundRecord>;
let jobs: { event: InboundMailCommand[]; mail: InboundMailCommand[] };
let tokens: Map<string, string>;
let order: string[];
let deps: ReceiveWebhookDeps;
/** What the kind under test says of a call. */
let verdict: Verdict;
let reading: Reading;
let seenSecrets: readonly string[];
let seenMapped: (boolean | undefined)[];

beforeEach(() => {
  records = new Map();
  jobs = { event: [], mail: [] };
  tokens = new Map();
  order = [];
  seenMapped = [];
  verdict = { kind: "verified" };
  reading = { kind: "event", id: "evt_1" };
  const blobs = makeMemoryBlobStore();
  deps = {
    blobs: {
      async put(content, meta) {
        order.push("body");
        return blobs.put(content, meta);
      },
    },
    inbound: {
      async accept(record) {
        order.push("record");
        if (records.has(record._id)) return { kind: "exists" };
        records.set(record._id, record);
        return { kind: "accepted" };
      },
      find: async (id) => records.get(id),
    },
    mailboxes: { find: async (address) => (address.endsWith("@example.test") ? { address: address.replace(/\+.*@/, "@") } : undefined) },
    tokens: {
      async isFor(source, token, sha256) {
        const name = `${source} ${token}`;
        if (!tokens.has(name)) tokens.set(name, sha256);
        return tokens.get(name) === sha256;
      },
    },
    submit: async (command) => void jobs.mail.push(command),
    submitEvent: async (command) => void jobs.event.push(command),
    openSecret: (sealed) => sealed.replace("sealed ", ""),
    fetch: () => Promise.reject(new Error("nothing is fetched here")),
    sameMail: "each",
    maxMailBytes: 1000,
    maxHops: 2,
    now: () => NOW,
    onNotEnqueued: () => order.push("not enqueued"),
    onUnread: (_source, because) => order.push(`unread: ${because}`),
  };
});

const kind: SourceKind = {
  name: "json",
  brings: "events",
  settings: z.object({}),
  secrets: { isNeeded: () => true, faultOf: () => undefined },
  maxBodyBytes: 100,
  statuses: {} as SourceKind["statuses"],
  async verify(_call, { secrets }) {
    seenSecrets = secrets;
    order.push("verify");
    return verdict;
  },
  async read(_call, { isMapped }) {
    seenMapped.push(isMapped);
    order.push("read");
    return reading;
  },
};
const source = (more: Partial<WebhookSource> = {}): WebhookSource => ({
  _id: "s",
  kind: "json",
  isEnabled: true,
  settings: {},
  secrets: [],
  createdAt: NOW,
  updatedAt: NOW,
  ...more,
});
const call = (body = "{}", headers: WebhookCall["headers"] = {}): WebhookCall => ({
  method: "POST",
  url: "https://x.test/webhooks/s",
  headers,
  ip: "192.0.2.1",
  body: Buffer.from(body),
  receivedAt: NOW,
});
const receive = (given = call(), of = source()) => receiveWebhook(given, of, kind, deps);
const mailFor = (...envelopeTo: string[]) => ({ raw: Buffer.from(MAIL), envelopeFrom: "a@b.test", envelopeTo });

describe("an event", () => {
  it("is verified before it is read, and stored before it is said to be accepted", async () => {
    expect(await receive()).toMatchObject({ kind: "accepted", inbound: [{ mailbox: "webhook:s", isRepetition: false }] });
    expect(order).toEqual(["verify", "read", "body", "record"]);
    const [record] = records.values();
    const body = { sha256: createHash("sha256").update("{}").digest("hex"), size: 2 };
    expect(record).toMatchObject({ raw: body, receivedAt: NOW, checkAt: new Date(NOW.getTime() + 30_000), source: { webhook: { eventId: "evt_1", body } } });
    expect(jobs.event).toEqual([expect.objectContaining({ requestId: record?.requestId, inboundId: record?._id })]);
  });

  it("is read in the knowledge of whether its source has a mapping of its own", async () => {
    await receive(call(), source({ mapping: { ticket: { subject: "a", message: "b" } } }));
    await receive();
    expect(seenMapped).toEqual([true, false]);
  });

  it("is one by its id, and without one by its body", async () => {
    const [first, again] = [await receive(call("1")), await receive(call("2"))];
    expect(again).toMatchObject({ inbound: [{ id: (first as { inbound: { id: string }[] }).inbound[0]?.id, isRepetition: true }] });
    reading = { kind: "event" };
    for (const body of ["1", "2", "1"]) await receive(call(body));
    // An id that is the hash of a body does not name the event with that body.
    reading = { kind: "event", id: createHash("sha256").update("1").digest("hex") };
    await receive(call("3"));
    expect(records.size).toBe(4);
  });

  it("keeps what its provider says beside it, and whose call it was", async () => {
    reading = { kind: "event", headers: { "x-github-event": "push" } };
    await receive(call("{}", { "content-type": "application/json" }));
    expect([...records.values()][0]?.source).toEqual({
      door: "webhook",
      envelopeTo: [],
      ip: "192.0.2.1",
      webhook: { source: "s", kind: "json", body: expect.anything(), contentType: "application/json", headers: { "x-github-event": "push" } },
    });
  });

  it("that cannot be enqueued is accepted all the same", async () => {
    const isDown = () => Promise.reject(new Error("no queue"));
    expect(await receiveWebhook(call(), source(), kind, { ...deps, submitEvent: isDown })).toMatchObject({ kind: "accepted" });
    expect(order.at(-1)).toBe("not enqueued");
  });

  it("is not accepted when its body or its record cannot be stored", async () => {
    const isDown = () => Promise.reject(new Error("no store"));
    await expect(receiveWebhook(call(), source(), kind, { ...deps, blobs: { put: isDown } })).rejects.toThrow("no store");
    await expect(receiveWebhook(call(), source(), kind, { ...deps, inbound: { ...deps.inbound, accept: isDown } })).rejects.toThrow("no store");
    expect([records.size, jobs.event.length]).toEqual([0, 0]);
  });
});

describe("a call", () => {
  it.each(["unauthenticated", "stale"] as const)("that is %s is not read, and nothing of it is kept", async (outcome) => {
    verdict = { kind: "refused", outcome, because: "so" };
    expect(await receive()).toEqual(verdict);
    expect(order).toEqual(["verify"]);
  });

  it("is verified with the secrets that are valid now, in clear", async () => {
    const secret = (id: string, expiresAt?: Date) => ({ id, sealed: `sealed ${id}`, createdAt: NOW, ...(expiresAt && { expiresAt }) });
    await receive(call(), source({ secrets: [secret("a"), secret("gone", NOW), secret("going", new Date(NOW.getTime() + 1))] }));
    expect(seenSecrets).toEqual(["a", "going"]);
  });

  it("that is too large is not even verified", async () => {
    expect(await receive(call("x".repeat(101)))).toMatchObject({ kind: "refused", outcome: "too-large" });
    expect(order).toEqual([]);
  });

  it("whose signature covers no body is taken with one body only", async () => {
    verdict = { kind: "verified", token: { value: "t", until: NOW } };
    reading = { kind: "event" };
    expect((await receive(call("1"))).kind).toBe("accepted");
    expect(await receive(call("2"))).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
    expect(await receive(call("1"))).toMatchObject({ kind: "accepted", inbound: [{ isRepetition: true }] });
    expect((await receive(call("2"), source({ _id: "other" }))).kind).toBe("accepted");
  });

  it.each([
    { kind: "handshake", because: "a question", answer: { contentType: "text/plain", body: "yes" } },
    { kind: "ignored", because: "not for us" },
  ] as const)("that brings nothing keeps nothing: $kind", async (given) => {
    reading = given;
    expect(await receive()).toEqual(given);
    expect(records.size).toBe(0);
  });

  it("that cannot be read is refused", async () => {
    reading = { kind: "malformed", because: "no JSON" };
    expect(await receive()).toEqual({ kind: "refused", outcome: "malformed", because: "no JSON" });
  });
});

describe("mails of a call", () => {
  it("are for the mailboxes of their recipients, each with its own, and know the call that brought them", async () => {
    reading = { kind: "mails", mails: [{ ...mailFor("support+1@example.test", "sales@example.test"), id: "m1", verdicts: { spam: "no" } }] };
    expect(await receive()).toMatchObject({ kind: "accepted", unknown: [], inbound: [{ mailbox: "support@example.test" }, { mailbox: "sales@example.test" }] });
    const [first] = records.values();
    expect(first).toMatchObject({
      messageId: "<1@example.net>",
      raw: { size: MAIL.length },
      source: {
        door: "webhook",
        envelopeFrom: "a@b.test",
        envelopeTo: ["support+1@example.test"],
        webhook: { eventId: "m1", body: { size: 2 }, verdicts: { spam: "no" } },
      },
    });
    expect(jobs).toMatchObject({ event: [], mail: [{}, {}] });
  });

  it("do not have the provider as their peer, whom SPF and trusted networks would go by", async () => {
    reading = { kind: "mails", mails: [mailFor("support@example.test")] };
    await receive();
    const [record] = records.values();
    expect(record?.source).not.toHaveProperty("ip");
    expect(record?.source.webhook?.ip).toBe("192.0.2.1");
  });

  it("are the same mail as by another door", async () => {
    async function* bytes() {
      yield Buffer.from(`Received: by x\n${MAIL}`.replaceAll("\n", "\r\n"));
    }
    const mailboxes = [{ address: "support@example.test", envelopeTo: ["support@example.test"] }];
    await receiveMail(bytes(), { mailboxes, source: { door: "smtp" }, maxBytes: 1000, maxHops: 5 }, deps);
    reading = { kind: "mails", mails: [mailFor("support@example.test")] };
    expect(await receive()).toMatchObject({ inbound: [{ isRepetition: true }] });
  });

  it("go to the source's own mailbox where their recipients are none of ours", async () => {
    reading = { kind: "mails", mails: [mailFor("x@elsewhere.test")] };
    expect(await receive(call(), source({ mailbox: "help@example.test" }))).toMatchObject({ inbound: [{ mailbox: "help@example.test" }] });
    expect([...records.values()][0]?.source.envelopeTo).toEqual(["x@elsewhere.test"]);
  });

  it("for nobody here are refused, unless others are", async () => {
    reading = { kind: "mails", mails: [mailFor("x@elsewhere.test")] };
    expect(await receive()).toMatchObject({ kind: "refused", outcome: "unknown-mailbox", because: expect.stringContaining("x@elsewhere.test") });
    expect(order).not.toContain("body");
    reading = { kind: "mails", mails: [mailFor("x@elsewhere.test"), mailFor("a@example.test", "y@elsewhere.test")] };
    expect(await receive()).toMatchObject({ kind: "accepted", inbound: [{ mailbox: "a@example.test" }], unknown: ["x@elsewhere.test", "y@elsewhere.test"] });
  });

  it.each([
    ["too-large", `${MAIL}${"x".repeat(1000)}`],
    ["malformed", `${"Received: by x\n".repeat(3)}${MAIL}`],
  ])("that no door would take are refused: %s", async (outcome, raw) => {
    reading = { kind: "mails", mails: [{ ...mailFor("a@example.test"), raw: Buffer.from(raw) }] };
    expect(await receive()).toMatchObject({ kind: "refused", outcome });
    expect(records.size).toBe(0);
  });

  it("that cannot be read are said, and refuse the call when there is no other", async () => {
    reading = { kind: "mails", mails: [mailFor("a@example.test")], unread: ["no mail"] };
    expect((await receive()).kind).toBe("accepted");
    expect(order).toContain("unread: no mail");
    reading = { kind: "mails", mails: [], unread: ["no mail"] };
    expect(await receive()).toMatchObject({ kind: "refused", outcome: "malformed", because: "no mail" });
    reading = { kind: "mails", mails: [] };
    expect((await receive()).kind).toBe("ignored");
  });
});
