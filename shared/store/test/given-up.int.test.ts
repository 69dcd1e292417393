import type { OutboxEntry, RejectionRecord, ReplyRecord, TicketRecord } from "@openticket/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { auditStore, connectStore, type GivenUp, makeMongoGivenUp, makeMongoTicketStore, makeStoreOperations, type StoreConnection } from "../src/index.ts";
import { replyDraft } from "./testkit/reply-store.suite.ts";
import { draft, owed, rejection } from "./testkit/ticket-store.suite.ts";

const DEAD_AT = new Date("2026-02-01T00:00:00Z");
const givenUp = (key: string, more: Partial<OutboxEntry> = {}): OutboxEntry => ({
  ...owed(key),
  attempts: 16,
  deadAt: DEAD_AT,
  lastError: "550 blocked",
  ...more,
});
const inMs = (ms: number) => new Date(Date.now() + ms);

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("given-up")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});
beforeEach(async () => {
  for (const name of ["tickets", "replies", "rejections"]) await store.db.collection(name).deleteMany({});
});

const deliveries = () => makeMongoGivenUp(store);
const outbox = () => makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => new Date() });
const namesOf = (found: readonly GivenUp[]) => found.map(({ identity, entry }) => `${identity}/${entry.key}`).toSorted();
const insert = (name: string, document: object) => store.db.collection<{ _id: string }>(name).insertOne(document as never);

const ticket = (id: number, ...entries: OutboxEntry[]): TicketRecord => ({
  ...draft({ _id: `t${id}`, requestId: `t${id}`, outbox: entries }),
  id,
  tid: `N-${id}`,
  c: "code",
  dueAt: undefined,
});
const withoutDue = <T extends { dueAt?: Date | undefined }>({ dueAt, ...record }: T, given?: Date) => (given ? { ...record, dueAt: given } : record);
const addTicket = (record: TicketRecord, dueAt?: Date) => insert("tickets", withoutDue(record, dueAt));
const storedTicket = async (id: number) => {
  const found = await store.db.collection<TicketRecord>("tickets").findOne({ _id: `t${id}` });
  if (!found) throw new Error("it is not there");
  return found;
};

async function oneOfEach(): Promise<void> {
  await addTicket(ticket(1, givenUp("mail:a"), { ...owed("mail:b"), deliveredAt: DEAD_AT }, givenUp("mail:both", { deliveredAt: DEAD_AT })));
  const reply: ReplyRecord = { ...replyDraft({ _id: "r1", requestId: "r1", ticketId: 1, outbox: [givenUp("ticket", { kind: "ticket" })] }), replyId: 7 };
  await insert("replies", withoutDue(reply));
  const event = { type: "request.rejected" as const, id: "evt_1", at: DEAD_AT };
  const rejected: RejectionRecord = rejection({ _id: "x1", outbox: [givenUp("event:request.rejected", { kind: "event", event, deadAt: inMs(-1000) })] });
  await insert("rejections", withoutDue(rejected));
  await insert("rejections", { ...withoutDue(rejected), _id: "x2", isProposed: true });
}

describe("deliveries that were given up", () => {
  it("of tickets, replies and final rejections are listed, the latest first, each with its ticket; what was delivered after all is not", async () => {
    await oneOfEach();
    const found = await deliveries().list({ limit: 10 });
    expect(found[0]).toMatchObject({ of: "rejection", identity: "x1", entry: { kind: "event" } });
    expect(namesOf(found)).toEqual(["r1/ticket", "t1/mail:a", "x1/event:request.rejected"]);
    expect(found.filter(({ of }) => of !== "rejection").map(({ ticket }) => ticket)).toEqual([
      { id: 1, tid: "N-1" },
      { id: 1, tid: "N-1" },
    ]);
    expect(await deliveries().list({ limit: 1 })).toHaveLength(1);
    expect(namesOf(await deliveries().list({ limit: 10, kind: "mail" }))).toEqual(["t1/mail:a"]);
    expect(namesOf(await deliveries().list({ limit: 10, since: inMs(-60_000) }))).toEqual(["x1/event:request.rejected"]);
    expect((await makeStoreOperations(store).counts()).deadDeliveries).toBe(3);
  });

  it("are counted by the audit, and are no difference", async () => {
    await addTicket(ticket(1, givenUp("mail:a")));
    expect(await auditStore(store, { now: new Date(), overdueMs: 60_000 })).toMatchObject({ counts: { givenUp: 1 }, differences: [] });
  });

  it("are found by every name: number, id and request of the ticket, for its replies too, and the single delivery", async () => {
    await oneOfEach();
    await addTicket(ticket(2, givenUp("mail:a"), givenUp("mail:with/slash")));
    const found = async (...names: string[]) => namesOf((await deliveries().named(names, {})).found);
    expect(await found("N-1")).toEqual(["r1/ticket", "t1/mail:a"]);
    expect(await found("1", "t1")).toEqual(["r1/ticket", "t1/mail:a"]);
    expect(await found("r1")).toEqual(["r1/ticket"]);
    expect(await found("N-2/mail:with/slash", "x1")).toEqual(["t2/mail:with/slash", "x1/event:request.rejected"]);
    expect(await deliveries().named(["N-1/mail:b", "N-2/nothing", "N-3", "x2"], {})).toEqual({
      found: [],
      withoutAny: ["N-1/mail:b"],
      unknown: ["N-2/nothing", "N-3", "x2"],
    });
  });

  it("are not found by the id of a ticket that is another's number, nor is its trace", async () => {
    await addTicket({ ...ticket(1, givenUp("mail:a")), tid: "2" });
    await addTicket(ticket(2, givenUp("mail:a")));
    await insert("replies", withoutDue({ ...replyDraft({ _id: "r2", requestId: "r2", ticketId: 2, outbox: [givenUp("mail:a")] }), replyId: 7 }));
    for (const [name, found] of [
      ["2", ["t1/mail:a"]],
      ["2/mail:a", ["t1/mail:a"]],
      ["1", ["t1/mail:a"]],
      ["N-2", ["r2/mail:a", "t2/mail:a"]],
    ] as const)
      expect(namesOf((await deliveries().named([name], {})).found)).toEqual(found);
    const traced = async (name: string) => (await makeStoreOperations(store).trace(name)).ticket?._id;
    expect([await traced("2"), await traced("1")]).toEqual(["t1", "t1"]);
  });

  it("are owed again, once, as if never tried, and due at once", async () => {
    await addTicket(ticket(1, { ...givenUp("mail:a"), nextTryAt: inMs(3_000_000) }, givenUp("mail:b")));
    const { found } = await deliveries().named(["N-1/mail:a"], {});
    expect(await deliveries().oweAgain(found)).toBe(1);
    expect(await deliveries().oweAgain(found)).toBe(0);
    const { outbox: entries, dueAt } = await storedTicket(1);
    expect(entries).toEqual([{ ...owed("mail:a"), replayedAt: expect.any(Date) }, givenUp("mail:b")]);
    expect(dueAt?.getTime()).toBeLessThan(Date.now() + 60_000);
    expect((await outbox().leaseDue(inMs(60_000), 1000, 10)).map(({ _id }) => _id)).toEqual(["t1"]);
    await outbox().markDelivered([{ identity: "t1", key: "mail:a" }], new Date());
    expect((await storedTicket(1)).dueAt).toBeUndefined();
  });

  it("leave a due time that may be a lease, and bring one forward that is none", async () => {
    const [lease, nextTry] = [inMs(100_000), inMs(3_000_000)];
    await addTicket(ticket(1, givenUp("mail:a"), owed("mail:b")), lease);
    await addTicket(ticket(2, givenUp("mail:a"), owed("mail:b")), nextTry);
    const { found } = await deliveries().named(["N-1", "N-2"], {});
    expect(await deliveries().oweAgain(found)).toBe(2);
    expect((await storedTicket(1)).dueAt).toEqual(lease);
    expect((await storedTicket(2)).dueAt?.getTime()).toBeLessThan(nextTry.getTime() - 1_000_000);
  });

  it("are no difference to the audit when they wait for their turn after that", async () => {
    await addTicket({ ...ticket(1, givenUp("mail:a")), openedAt: new Date(0) });
    await deliveries().oweAgain((await deliveries().named(["N-1"], {})).found);
    const audit = async (now: Date) => (await auditStore(store, { now, overdueMs: 60_000 })).differences.map(({ kind }) => kind);
    expect(await audit(new Date())).toEqual([]);
    expect(await audit(inMs(600_000))).toEqual(["owed-too-long"]);
  });

  it("come in bounded batches, each once, though all of them are given up again meanwhile", async () => {
    const many = Array.from({ length: 1200 }, (_, n) => withoutDue(ticket(n + 1, givenUp("mail:a"))));
    await store.db.collection("tickets").insertMany(many as never);
    const sizes: number[] = [];
    let replayed = 0;
    for await (const batch of deliveries().batches({ kind: "mail" })) {
      sizes.push(batch.length);
      replayed += await deliveries().oweAgain(batch);
      await store.db.collection("tickets").updateMany({}, { $set: { "outbox.0.deadAt": new Date() } });
    }
    expect(sizes).toEqual([500, 500, 200]);
    expect(replayed).toBe(1200);
  });
});
