import type { Notice, ReplyRecord, TicketRecord } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import {
  connectStore,
  importReferenceData,
  makeMongoBudgets,
  makeMongoEarlierMails,
  makeMongoKnownTickets,
  makeMongoMutes,
  makeMongoNotices,
  makeMongoPeople,
  type StoreConnection,
  seedExampleData,
} from "../src/index.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("mail")), appName: "test", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

/** Far ahead: what is over by the real clock is removed by the store itself. */
const AT = new Date("2100-03-04T05:06:07Z");
const later = (ms: number) => new Date(AT.getTime() + ms);

describe("budgets", () => {
  const window = { start: AT, ms: 600_000, most: 3 };
  it("count each mail once, for all workers together", async () => {
    const [one, other] = [makeMongoBudgets(store), makeMongoBudgets(store)];
    expect(await one.spend("a", "inb_1", window)).toBe(1);
    expect(await other.spend("a", "inb_2", window)).toBe(2);
    expect(await one.spend("a", "inb_1", window)).toBe(1);
    expect(await other.spend("a", "inb_3", window)).toBe(3);
    expect(await one.spend("a", "inb_4", window)).toBe(4);
    expect(await one.spend("a", "inb_5", window)).toBe(4);
    expect(await other.spend("a", "inb_2", window)).toBe(2);
  });

  it("begin anew with each window, and are each key's own", async () => {
    const budgets = makeMongoBudgets(store);
    await budgets.spend("b", "inb_1", window);
    expect(await budgets.spend("b", "inb_2", { ...window, start: later(600_000) })).toBe(1);
    expect(await budgets.spend("c|$where", "inb_2", window)).toBe(1);
  });

  it("give every mail of a burst its own place, and keep no more than they need", async () => {
    const budgets = [makeMongoBudgets(store), makeMongoBudgets(store)];
    const places = await Promise.all(Array.from({ length: 200 }, (_, index) => budgets[index % 2]?.spend("burst", `inb_${index}`, { ...window, most: 50 })));
    expect(places.filter((place) => (place ?? 0) <= 50).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const kept = await store.db.collection("mailbudgets", { readConcern: { level: "local" } }).findOne({ _id: `burst|${AT.toISOString()}` as never });
    expect(kept?.ids).toHaveLength(51);
  });
});

describe("mutes", () => {
  it("hold until their time, whatever the case, and are never shortened", async () => {
    let now = AT;
    const mutes = makeMongoMutes(store, { now: () => now });
    expect(await mutes.find("dora@dead.example")).toBeUndefined();
    await mutes.mute("Dora@Dead.example", "no such user", later(3_600_000));
    await mutes.mute("dora@dead.example", "again", later(1000));
    expect(await mutes.find("DORA@dead.example")).toEqual({ until: later(3_600_000), because: "again" });
    now = later(3_600_000);
    expect(await mutes.find("dora@dead.example")).toBeUndefined();
  });
});

describe("notices", () => {
  const notice = (of: Partial<Notice> = {}): Notice => ({
    _id: "a@b|replies_only|2026-03-04",
    inboundId: "inb_1",
    to: { name: "A", email: "a@b" },
    deptid: 1,
    code: "replies_only",
    subject: "x",
    attempts: 0,
    dueAt: AT,
    expiresAt: later(86_400_000),
    ...of,
  });
  it("are owed once under their name, and leased to one", async () => {
    const notices = makeMongoNotices(store);
    expect(await notices.owe(notice())).toBe(true);
    expect(await notices.owe(notice({ inboundId: "inb_2" }))).toBe(false);
    const leased = await Promise.all([notices.leaseDue(AT, 60_000, 10), notices.leaseDue(AT, 60_000, 10)]);
    expect(leased.flat().map(({ inboundId }) => inboundId)).toEqual(["inb_1"]);
    await notices.postpone(notice()._id, { error: "away", attempts: 1, dueAt: later(1000) });
    expect(await notices.leaseDue(later(1000), 60_000, 10)).toMatchObject([{ attempts: 1, lastError: "away" }]);
    await notices.sent(notice()._id, later(2000));
    expect(await notices.leaseDue(later(1_000_000), 60_000, 10)).toEqual([]);
    expect(await notices.owe(notice())).toBe(false);
  });
});

describe("people", () => {
  it("are found by their address in any case, many in one turn", async () => {
    const people = makeMongoPeople(store);
    const [ada, mary, agent, nobody] = await Promise.all(
      ["ADA@client.example.test", "mary@Client.example.test", "agent@example.test", "x@y.example"].map(people.findByEmail),
    );
    expect(ada?.clients).toMatchObject([{ id: 1 }]);
    expect(mary?.users).toMatchObject([{ id: 1, clientids: [1] }]);
    expect(agent?.admins).toMatchObject([{ username: "agent" }]);
    expect(nobody).toEqual({ clients: [], users: [], contacts: [], admins: [] });
    expect((await people.addressesOfClient(1)).toSorted()).toEqual(["ada@client.example.test", "luigi@client.example.test", "mary@client.example.test"]);
  });

  it("are looked up by an index", async () => {
    const plan = await store.models.clients
      .find({ email: { $in: ["ada@client.example.test"] } } as never)
      .collation({ locale: "en", strength: 2 })
      .explain("queryPlanner");
    expect(JSON.stringify(plan)).toContain("email_any_case");
  });

  it("and filters come from an import", async () => {
    const text = "id,kind,value\n1,domain,Spam.example\n2,phrase,cheap pills\n";
    expect(await importReferenceData(store, [{ name: "mailfilters.csv", text }])).toMatchObject({ kind: "imported" });
    expect(await makeMongoPeople(store).mailFilters()).toMatchObject([
      { id: 1, kind: "domain", value: "spam.example" },
      { id: 2, kind: "phrase", value: "cheap pills" },
    ]);
    expect(await importReferenceData(store, [{ name: "mailfilters.csv", text: "id,kind,value\n3,colour,red\n" }])).toMatchObject({ kind: "refused" });
  });
});

describe("earlier mails", () => {
  const came = (id: string, at: Date, of: object = {}) => ({ _id: id, messageId: `<${id}@x>`, receivedAt: at, state: "stored", checkAt: AT, ...of });
  const find = (messageIds: string[], _id: string, receivedAt = AT) => makeMongoEarlierMails(store).findUndecided(messageIds, { _id, receivedAt });

  it("are those that are not decided and came before, in one order for all", async () => {
    const decided = { state: "ticket", checkAt: undefined };
    const records = [came("inb_1", later(-1)), came("inb_2", AT), came("inb_4", AT), came("inb_5", later(1)), came("inb_6", later(-1), decided)];
    await store.db.collection("inbound").insertMany(records as never[], { ignoreUndefined: true });
    expect(await find(["<none@x>", "<inb_1@x>"], "inb_3")).toBe("<inb_1@x>");
    expect(await Promise.all(["<inb_2@x>", "<inb_3@x>", "<inb_4@x>", "<inb_5@x>", "<inb_6@x>"].map((id) => find([id], "inb_3")))).toEqual([
      "<inb_2@x>",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(await find(["<inb_4@x>"], "inb_2")).toBeUndefined();
  });

  it("are found by an index that only they are in", async () => {
    const undecided = { messageId: { $in: ["<inb_1@x>"] }, checkAt: { $exists: true } };
    const plan = await store.db.collection("inbound").find(undecided).explain("queryPlanner");
    expect(JSON.stringify(plan)).toContain('"indexName":"undecided"');
  });

  it("are waited for since the first time", async () => {
    const mails = makeMongoEarlierMails(store);
    expect(await mails.beginWait("inb_5", AT)).toEqual(AT);
    expect(await mails.beginWait("inb_5", later(1000))).toEqual(AT);
  });
});

describe("known tickets", () => {
  const ticket = {
    _id: "req_t",
    requestId: "req_t",
    id: 7,
    tid: "516757",
    status: "Open",
    deptid: 1,
    opener: { kind: "guest", name: "G", email: "g@guest.example" },
    source: { channel: "email", messageId: "<first@x>" },
    receivedAt: AT,
    outbox: [{ key: "mail:opener", template: "ticket-opened", to: { name: "G", email: "g@guest.example" } }],
  };
  const reply = {
    _id: "req_r",
    requestId: "req_r",
    replyId: 3,
    ticketId: 7,
    author: { kind: "guest", name: "B", email: "Bob@x.example", isVerified: true },
    source: { channel: "email", messageId: "<second@x>" },
    receivedAt: AT,
    addedAt: AT,
    outbox: [{ key: "mail:staff:agent", template: "staff-reply-added", to: { name: "A", email: "agent@example.test" } }],
  };
  const known = () => makeMongoKnownTickets(store);
  beforeAll(async () => {
    await store.db.collection("tickets").insertOne(ticket as unknown as TicketRecord as never);
    await store.db.collection("replies").insertOne(reply as unknown as ReplyRecord as never);
    const both = (id: number, mailbox: string) => ({ _id: `req_${id}`, id, tid: String(id), source: { messageId: "<both@x>", mailbox } });
    await store.db.collection("tickets").insertMany([both(11, "sales@x"), both(10, "support@x")] as never[]);
  });

  it("are found by their numbers, with every mail that was sent because of them", async () => {
    const mails = [
      { template: "ticket-opened", address: "g@guest.example" },
      { template: "staff-reply-added", address: "agent@example.test", replyId: 3 },
    ];
    expect(await known().findById(7)).toMatchObject({ tid: "516757", mails });
    expect(await known().findByTid("516757")).toMatchObject({ id: 7 });
    expect(await known().findById(8)).toBeUndefined();
  });

  it("are found by the Message-IDs of mails that opened them or were added", async () => {
    const find = (messageIds: string[], mailbox = "support@x") => known().findByMessageIds(messageIds, mailbox);
    expect(await find(["<none@x>", "<second@x>", "<first@x>"])).toEqual({ ticketId: 7, messageId: "<second@x>" });
    expect(await find(["<none@x>"])).toBeUndefined();
    expect(await find(["<both@x>"], "sales@x")).toEqual({ ticketId: 11, messageId: "<both@x>" });
    expect(await find(["<both@x>"], "billing@x")).toEqual({ ticketId: 10, messageId: "<both@x>" });
    const plan = await store.db
      .collection("tickets")
      .find({ "source.messageId": { $in: ["<first@x>"] } })
      .explain("queryPlanner");
    expect(JSON.stringify(plan)).toContain('"indexName":"mail"');
  });

  describe("of a device that gives all its mails one Message-ID", () => {
    const device = { kind: "guest", name: "NVR", email: "nvr@dev.example", isVerified: true };
    const alarm = (id: number, of: object = {}, mailbox = "support@x") => ({
      ...{ _id: `req_${id}`, id, tid: String(id), opener: { ...device, ...of }, source: { messageId: "<alarm@nvr>", mailbox } },
    });
    const find = (messageIds: string[], mailbox = "support@x") => known().findByMessageIds(messageIds, mailbox);

    it("are answered in the latest of its own, whoever else knows that Message-ID", async () => {
      const others = [alarm(1003, { email: "eve@evil.example" }), alarm(1004, { isVerified: false }), alarm(1005, {}, "sales@x")];
      await store.db.collection("tickets").insertMany([alarm(1001), alarm(1002), ...others] as never[]);
      expect(await find(["<none@x>", "<alarm@nvr>"])).toEqual({ ticketId: 1002, messageId: "<alarm@nvr>" });
      expect(await find(["<alarm@nvr>"], "sales@x")).toEqual({ ticketId: 1005, messageId: "<alarm@nvr>" });
      expect(await find(["<alarm@nvr>"], "billing@x")).toEqual({ ticketId: 1002, messageId: "<alarm@nvr>" });
    });

    it("are not all read for that", async () => {
      await store.db.collection("tickets").insertMany(Array.from({ length: 1000 }, (_, index) => alarm(2000 + index)) as never[]);
      await store.db.command({ profile: 2 });
      expect(await find(["<alarm@nvr>"])).toEqual({ ticketId: 2999, messageId: "<alarm@nvr>" });
      await store.db.command({ profile: 0 });
      const asked = store.db.collection("system.profile", { readConcern: { level: "local" } }).find({ ns: `${store.db.databaseName}.tickets` });
      expect((await asked.toArray()).reduce((sum, { docsExamined = 0 }) => sum + docsExamined, 0)).toBeLessThan(10);
    });

    it("are no more in the way of the mailbox's own ticket, or reply, and of a nearer reference, the more there are", async () => {
      const many = Array.from({ length: 600 }, (_, index) => alarm(5000 + index, {}, "sales@x"));
      const source = { messageId: "<shared@nvr>", mailbox: "sales@x" };
      const own = { ...alarm(5700), source: { ...source, mailbox: "support@x" } };
      const near = { ...alarm(5701), source: { messageId: "<near@x>", mailbox: "support@x" } };
      await store.db.collection("tickets").insertMany([...many.map((ticket) => ({ ...ticket, source })), own, near] as never[]);
      const replied = { replyId: 5702, ticketId: 5702, source: { messageId: "<replied@nvr>", mailbox: "support@x" } };
      const others = many.map(({ id }) => ({ replyId: id, ticketId: id, source: { messageId: "<replied@nvr>", mailbox: "sales@x" } }));
      await store.db.collection("replies").insertMany([...others, replied]);
      expect(await find(["<shared@nvr>"])).toEqual({ ticketId: 5700, messageId: "<shared@nvr>" });
      expect(await find(["<replied@nvr>"])).toEqual({ ticketId: 5702, messageId: "<replied@nvr>" });
      expect(await find(["<near@x>", "<shared@nvr>"])).toEqual({ ticketId: 5701, messageId: "<near@x>" });
      expect(await find(["<near@x>", "<replied@nvr>"])).toEqual({ ticketId: 5701, messageId: "<near@x>" });
    });

    it("and were opened for a client are those of all who act for it", async () => {
      const source = { messageId: "<ups@x>", mailbox: "support@x" };
      const of = [{ kind: "client" }, { kind: "user", userid: 2, email: "b@x" }, { kind: "client", clientid: 2 }];
      const opened = of.map((opener, index) => ({ ...alarm(4000 + index, { clientid: 1, ...opener }), source }));
      await store.db.collection("tickets").insertMany(opened as never[]);
      expect(await find(["<ups@x>"])).toEqual({ ticketId: 4001, messageId: "<ups@x>" });
    });
  });

  it("are found by the closed one that they go on for, the latest first", async () => {
    const linked = (id: number) => ({ ...ticket, _id: `req_l${id}`, id, tid: `l${id}`, linkedTo: { id: 7, tid: "516757" }, message: "Again", outbox: [] });
    await store.db.collection("tickets").insertMany([linked(20), linked(21)] as never[]);
    const expected = { status: "Open", messageId: "<first@x>", message: "Again", mails: [] };
    expect(await known().findLinkedTo(7)).toMatchObject([
      { id: 21, ...expected },
      { id: 20, ...expected },
    ]);
    expect(await known().findLinkedTo(20)).toEqual([]);
    const plan = await store.db.collection("tickets").find({ "linkedTo.id": 7 }).explain("queryPlanner");
    expect(JSON.stringify(plan)).toContain('"indexName":"linkedTo"');
  });

  it("say who has replied, and what a request became", async () => {
    expect(await known().authorsOf(7)).toEqual(["bob@x.example"]);
    expect(await known().outcomeOf("req_t")).toEqual({ id: 7, tid: "516757", receivedAt: AT });
    expect(await known().outcomeOf("req_r")).toEqual({ id: 7, tid: "516757", replyId: 3, receivedAt: AT });
    expect(await known().outcomeOf("req_x")).toBeUndefined();
    await store.db.collection("replies").insertOne({ ...reply, _id: "req_key", alias: "req_own", replyId: 4 } as never);
    const both = { id: 7, tid: "516757", replyId: 4, receivedAt: AT };
    expect(await Promise.all(["req_key", "req_own"].map(known().outcomeOf))).toEqual([both, both]);
  });

  it("note each report of a bounce once", async () => {
    const bounce = { address: "g@guest.example", status: "5.1.1", diagnostic: "", isPermanent: true, inboundId: "inb_1", at: AT };
    await known().noteBounce(7, bounce);
    await known().noteBounce(7, bounce);
    expect((await store.db.collection("tickets").findOne({ id: 7 }))?.bounces).toEqual([bounce]);
  });
});
