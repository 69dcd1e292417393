import { type InboundRecord, inboundRecord } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import {
  auditStore,
  connectStore,
  erasePerson,
  findPerson,
  type InboundOutcome,
  makeMongoBlobStore,
  makeMongoInbound,
  type StoreConnection,
  sweepBlobs,
} from "../src/index.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const TICKET: InboundOutcome = { state: "ticket", ticket: { id: 1, tid: "100001" }, trace: [{ rule: "which ticket", answer: "new" }] };

let store: StoreConnection;
let inbound: ReturnType<typeof makeMongoInbound>;
let count = 0;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("inbound")), appName: "test", serverSelectionTimeoutMs: 5000 });
  inbound = makeMongoInbound(store, { now: () => NOW });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

function record(more: Partial<InboundRecord> = {}): InboundRecord {
  const name = `${++count}`.padStart(32, "0");
  return {
    _id: `inb_${name}`,
    requestId: `req_${name}`,
    mailbox: "support@example.test",
    source: { door: "smtp", envelopeTo: ["support@example.test"] },
    raw: { sha256: "0".repeat(64), size: 1 },
    receivedAt: NOW,
    state: "stored",
    trace: [],
    repetitions: 0,
    checkAt: NOW,
    ...more,
  };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function accepted(more: Partial<InboundRecord> = {}): Promise<InboundRecord> {
  const made = record(more);
  await inbound.accept(made);
  return made;
}

describe("messages that came in", () => {
  it("are kept as they were given", async () => {
    const made = record();
    expect(await inbound.accept(made)).toEqual({ kind: "accepted" });
    expect(await inbound.find(made._id)).toEqual(made);
  });

  it("are one, however often and however many at a time the same comes, and their repetitions are counted", async () => {
    const made = record();
    const answers = await Promise.all(Array.from({ length: 5 }, () => inbound.accept(made)));
    expect(answers.filter(({ kind }) => kind === "accepted")).toHaveLength(1);
    expect(await inbound.accept({ ...made, receivedAt: new Date(made.receivedAt.getTime() + 1) })).toEqual({ kind: "exists" });
    expect(await inbound.find(made._id)).toMatchObject({ repetitions: 5 });
  });

  it("of one name are two when they state other Dates; the second is neither stored under it nor counted", async () => {
    const made = record({ writtenAt: NOW });
    const other = { ...made, writtenAt: new Date(NOW.getTime() + 1000), raw: { sha256: "1".repeat(64), size: 1 } };
    expect(await Promise.all([made, other, made, other].map((one) => inbound.accept(one)))).toEqual(
      ["accepted", "another", "exists", "another"].map((kind) => ({ kind })),
    );
    expect(await inbound.find(made._id)).toEqual({ ...made, repetitions: 1 });
    const { writtenAt, ...undated } = made;
    expect(await inbound.accept({ ...undated, receivedAt: new Date(0) })).toEqual({ kind: "exists" });
    const old = await accepted();
    expect(await inbound.accept({ ...old, receivedAt: new Date(0), writtenAt: NOW })).toEqual({ kind: "exists" });
  });

  it("are not swallowed by one that states no Date, be it erased, when they were written a day after that came in", async () => {
    const undated = await accepted({ source: { door: "smtp", envelopeFrom: "lena@client.test", envelopeTo: [] } });
    const inHours = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
    const answer = async (writtenAt: number, receivedAt = writtenAt) =>
      (await inbound.accept({ ...undated, writtenAt: inHours(writtenAt), receivedAt: inHours(receivedAt) })).kind;
    const answers = () => Promise.all([answer(-1, 1), answer(24), answer(25), answer(50), answer(50, 1)]);
    const expected = ["exists", "exists", "another", "another", "exists"];
    expect(await answers()).toEqual(expected);
    await erasePerson(store, { clientid: 13, emails: ["lena@client.test"], userids: [], contactids: [], ticketids: [] });
    expect(await inbound.find(undated._id)).toMatchObject({ reason: { code: "erased" } });
    expect(await answers()).toEqual(expected);
  });

  it("are listed newest first by mailbox and state, page by page", async () => {
    const at = (minute: number) => new Date(NOW.getTime() + minute * 60_000);
    const ids: string[] = [];
    for (const minute of [1, 2, 2, 3]) ids.push((await accepted({ mailbox: "list@example.test", receivedAt: at(minute) }))._id);
    await accepted({ mailbox: "other@example.test" });
    const first = await inbound.list({ mailbox: "list@example.test", state: "stored", limit: 2 });
    const second = await inbound.list({ mailbox: "list@example.test", limit: 2, after: first[1]?._id });
    expect([...first, ...second].map(({ _id }) => _id)).toEqual(ids.toReversed());
    expect(await inbound.list({ mailbox: "list@example.test", state: "ticket", limit: 9 })).toEqual([]);
    expect(await inbound.list({ limit: 9, after: "inb_nobody" })).toEqual([]);
  });
});

it("what came by a webhook is listed by its source", async () => {
  const webhook = { source: "shop", kind: "json", body: { sha256: "0".repeat(64), size: 1 } } as const;
  const { _id } = await accepted({ source: { door: "webhook", envelopeTo: [], webhook } });
  await accepted({ source: { door: "webhook", envelopeTo: [], webhook: { ...webhook, source: "forge" } } });
  expect((await inbound.list({ source: "shop", limit: 9 })).map((record) => record._id)).toEqual([_id]);
});

describe("a decision", () => {
  it("is noted with its trace; the message is looked at no more", async () => {
    const { _id } = await accepted();
    await inbound.decide(_id, TICKET);
    const decided = await inbound.find(_id);
    expect(decided).toMatchObject({ ...TICKET, decidedAt: NOW });
    expect(decided).not.toHaveProperty("checkAt");
  });

  it("stands: a job that runs again changes nothing", async () => {
    const { _id } = await accepted();
    await inbound.decide(_id, TICKET);
    await inbound.decide(_id, { state: "quarantined", reason: { code: "late", text: "a second run" }, trace: [] });
    expect(await inbound.find(_id)).toMatchObject(TICKET);
  });

  it("can be taken back, with another content; what was noted stays", async () => {
    const { _id } = await accepted();
    await inbound.decide(_id, { state: "quarantined", reason: { code: "unreadable", text: "it ends early" }, trace: [{ rule: "read", answer: "unreadable" }] });
    const again = { checkAt: NOW, note: { rule: "operator", answer: "edited" }, raw: { sha256: "1".repeat(64), size: 2 } };
    expect([await inbound.putBack(_id, again), await inbound.putBack(_id, again)]).toEqual([true, false]);
    const back = await inbound.find(_id);
    expect(back).toMatchObject({ state: "stored", checkAt: NOW, raw: again.raw, trace: [{ rule: "read" }, { rule: "operator" }] });
    expect(back).not.toHaveProperty("reason");
  });
});

describe("undecided messages", () => {
  it("are given to one sweep each, and again only after their lease", async () => {
    await store.db.collection("inbound").updateMany({}, { $unset: { checkAt: 1 } });
    const ids = await Promise.all(Array.from({ length: 10 }, async () => (await accepted())._id));
    const sweeps = await Promise.all([1, 2, 3].map(() => inbound.leaseUndecided(NOW, () => 5000, 100)));
    expect(sweeps.flatMap((found) => found.map(({ _id }) => _id)).sort()).toEqual(ids.sort());
    expect(await inbound.leaseUndecided(new Date(NOW.getTime() + 4999), () => 5000, 100)).toEqual([]);
    expect(await inbound.leaseUndecided(new Date(NOW.getTime() + 5000), () => 5000, 3)).toHaveLength(3);
  });

  it("are given to the workers of their own queue, and to any when nobody has seen to them for an hour", async () => {
    await store.db.collection("inbound").deleteMany({});
    const [own, other] = ["a", "b"].map((queuePrefix) => makeMongoInbound({ ...store, queuePrefix }, { now: () => NOW }));
    if (!own || !other) throw new Error("two queues");
    const old = await accepted();
    const mine = record({ _id: "inb_mine", requestId: "req_mine" });
    await own.accept(mine);
    const inMinutes = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
    const leased = async (queue: typeof own, minutes: number) =>
      (await queue.leaseUndecided(inMinutes(minutes), () => 600_000, 9)).map(({ _id }) => _id).sort();
    expect(await leased(other, 1)).toEqual([old._id]); // Older versions have not noted a queue.
    expect(await leased(own, 59)).toEqual(["inb_mine", old._id].sort());
    expect(await leased(other, 200)).toEqual(["inb_mine", old._id].sort());
  });
});

describe("for operators", () => {
  it("the audit names messages that wait, whose content is gone, or whose ticket is not there", async () => {
    const waiting = await accepted();
    const stranded = await accepted();
    await inbound.decide(stranded._id, { ...TICKET, ticket: { id: 999, tid: "999999" } });
    const { undecidedMail, differences, counts } = await auditStore(store, { now: NOW, overdueMs: 1 });
    expect(undecidedMail).toContainEqual({ id: waiting._id, requestId: waiting.requestId, since: waiting.receivedAt });
    expect(differences).toContainEqual(expect.objectContaining({ kind: "raw-missing", about: waiting._id }));
    expect(differences).toContainEqual(expect.objectContaining({ kind: "ticket-missing", about: stranded._id }));
    expect(counts.inbound.stored).toBeGreaterThan(0);
  });

  it("an erasure takes a person's messages: those it sent, and those that became its tickets", async () => {
    await store.db.collection<{ _id: number }>("clients").insertOne({ _id: 7, id: 7, email: "Ada@client.test" } as never);
    await store.db.collection("tickets").insertOne({ _id: "t", id: 70, tid: "70", requestId: "t", opener: { clientid: 7 } } as never);
    const sent = await accepted({ source: { door: "smtp", envelopeFrom: "ada@client.test", envelopeTo: [] } });
    const became = await accepted();
    await inbound.decide(became._id, { ...TICKET, ticket: { id: 70, tid: "70" }, summary: { from: "x@y.test", subject: "s", kind: "ticket" } });
    const others = await accepted({ source: { door: "smtp", envelopeFrom: "nada@client.test", envelopeTo: [] } });
    const person = await findPerson(store, 7);
    expect(person && (await erasePerson(store, person))).toMatchObject({ inbound: 2, tickets: 1 });
    for (const { _id } of [sent, became]) expect(await inbound.find(_id)).toMatchObject({ state: "ignored", reason: { code: "erased" } });
    expect(await inbound.find(others._id)).toEqual(others);
  });

  it("an erasure leaves the name of a message, by which it is known again, and nothing of whom it was from", async () => {
    const raw = await makeMongoBlobStore(store).put(bytesOf("Eve's words"), { maxBytes: 100 });
    const body = await makeMongoBlobStore(store).put(bytesOf("Eve's words, as a provider calls"), { maxBytes: 100 });
    const webhook = { source: "shop", kind: "json", eventId: "eve-1", body } as const;
    const source = { door: "webhook", envelopeFrom: "eve@client.test", envelopeTo: ["support+eve@example.test"], ip: "192.0.2.1", helo: "eve", webhook };
    const made = await accepted({ source, raw, messageId: "<1@eve.test>", writtenAt: NOW, waitsSince: NOW, queuePrefix: "q" });
    await inbound.settleBelonging(made._id, { key: "eve", requestId: "r", state: "firing" });
    const summary = { from: "eve@client.test", subject: "Eve", kind: "ticket" };
    await inbound.decide(made._id, { state: "refused", reason: { code: "x", text: "Eve" }, trace: [{ rule: "sender", answer: "Eve" }], summary });
    const eve = { clientid: 9, emails: ["eve@client.test"], userids: [], contactids: [], ticketids: [] };
    expect(await erasePerson(store, eve)).toMatchObject({ inbound: 1 });
    expect(await erasePerson(store, eve)).toMatchObject({ inbound: 0 });

    const left = await inbound.find(made._id);
    expect(left).toEqual({
      ...{ _id: made._id, requestId: made.requestId, mailbox: "support@example.test", source: { door: "webhook", envelopeTo: [] } },
      ...{ raw: { sha256: "", size: 0 }, writtenAt: NOW, receivedAt: NOW, state: "ignored", trace: [], repetitions: 0 },
      ...{ reason: { code: "erased", text: expect.any(String) }, decidedAt: expect.any(Date), contentRemovedAt: expect.any(Date) },
    });
    expect(inboundRecord.parse(left)).toEqual(left);
    expect(JSON.stringify(left)).not.toMatch(/eve/i);

    await inbound.decide(made._id, TICKET);
    expect(await inbound.putBack(made._id, { checkAt: NOW, note: { rule: "operator", answer: "replayed" } })).toBe(false);
    expect(await inbound.settleBelonging(made._id, { key: "eve", requestId: "r", state: "firing" })).toBeUndefined();
    expect(await inbound.find(made._id)).toEqual(left);
    expect(await inbound.accept({ ...made, receivedAt: new Date() })).toEqual({ kind: "exists" });
    expect(await inbound.accept({ ...made, receivedAt: new Date(), writtenAt: new Date(0) })).toEqual({ kind: "another" });
    expect((await inbound.list({ state: "ignored", limit: 9 })).map(({ _id }) => _id)).toContain(made._id);
    expect((await auditStore(store, { now: NOW, overdueMs: 1 })).differences.filter(({ about }) => about === made._id)).toEqual([]);
    expect(await sweepBlobs(store, { olderThanMs: 0, now: new Date(Date.now() + 1000) })).toBeGreaterThanOrEqual(2);
    await expect(makeMongoBlobStore(store).open(raw.sha256)).rejects.toThrow();
  });
});
