import { NOT_IN_STANDING_TICKET, NOT_IN_TICKET_HEAD } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, isStoreOutage, makeMongoTicketStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { NothingUnderName } from "../src/taken-names.ts";
import { draft, rejection, ticketStoreSuite } from "./testkit/ticket-store.suite.ts";

const opened: StoreConnection[] = [];
const connect = async (name = uniqueName("tickets")) => {
  const store = await connectStore({ url: testMongoUrl(name), appName: "test", serverSelectionTimeoutMs: 5000 });
  opened.push(store);
  return store;
};
const now = () => new Date();
let code = 0;
const numbers = { tid: (id: number) => String(id), accessCode: () => `code${++code}` };

afterAll(async () => {
  for (const store of opened) {
    await store.db.dropDatabase().catch(() => {});
    await store.close();
  }
});

describe("tickets in MongoDB", () => {
  ticketStoreSuite(async (tids = numbers) => makeMongoTicketStore(await connect(), { numbers: { ...numbers, ...tids }, now }));
});

describe("group commit", () => {
  let store: StoreConnection;
  beforeAll(async () => {
    store = await connect();
  });

  it("a document that MongoDB refuses harms no other of its batch", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const huge = { ...draft(), subject: "x".repeat(17_000_000) };
    const results = await Promise.allSettled([tickets.commit(draft()), tickets.commit(huge), tickets.commit(draft()), tickets.commit(draft())]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  });

  it("a document whose name the store keeps as another one fails alone, and as no outage", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const half = () => draft({ _id: "half \ud800" });
    await tickets.commit(half());
    const [good, bad] = await Promise.allSettled([tickets.commit(draft()), tickets.commit(half())]);
    expect(good).toMatchObject({ status: "fulfilled", value: { kind: "opened" } });
    expect(bad).toEqual({ status: "rejected", reason: expect.any(NothingUnderName) });
    expect(isStoreOutage(bad.status === "rejected" && bad.reason)).toBe(false);
  });

  it("a document that no majority has yet is read again until one has it", async () => {
    const standing = draft();
    await makeMongoTicketStore(store, { numbers, now }).commit(standing);
    let looks = 0;
    const real = store.db.collection("tickets");
    const late = Object.create(real, {
      find: {
        value: (filter: object, options: object) => ("readConcern" in options || ++looks > 2 ? real.find(filter, options) : { toArray: async () => [] }),
      },
    });
    const db = Object.create(store.db, { collection: { value: (name: string) => (name === "tickets" ? late : store.db.collection(name)) } });
    expect(await makeMongoTicketStore({ ...store, db }, { numbers, now }).commit(standing)).toMatchObject({ kind: "exists" });
    expect(looks).toBe(3);
  });

  it("tickets that are together more than one command may hold", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const customfields = [{ id: 1, value: "x".repeat(4_000_000) }];
    const commits = await Promise.all(Array.from({ length: 14 }, () => tickets.commit({ ...draft(), customfields })));
    expect(commits.map(({ kind }) => kind)).toEqual(commits.map(() => "opened"));
  });

  it("two processes with the same requests: one ticket each, and the same answer to both", async () => {
    const other = await connect(store.db.databaseName);
    const [a, b] = [makeMongoTicketStore(store, { numbers, now }), makeMongoTicketStore(other, { numbers, now })];
    const requests = Array.from({ length: 300 }, () => draft());
    const commits = await Promise.all(requests.flatMap((request) => [a.commit(request), b.commit(request)]));
    const ids = commits.map((commit) => (commit.kind === "out-of-numbers" ? undefined : commit.ticket.id));
    for (let n = 0; n < commits.length; n += 2) expect(ids[n]).toBe(ids[n + 1]);
    expect(commits.filter(({ kind }) => kind === "opened")).toHaveLength(300);
    expect(await store.db.collection("tickets").countDocuments({ _id: { $in: requests.map(({ _id }) => _id) } } as never)).toBe(300);
  });

  it("of a ticket, a reply is given nothing that may be large", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const commit = await tickets.commit(draft({ fullText: "the whole mail", bounces: [], replyIds: [1], dueAt: now() }));
    const head = await tickets.findHead(commit.kind === "opened" ? commit.ticket.id : 0);
    expect(head).toMatchObject({ subject: "s" });
    expect(Object.keys(head ?? {}).filter((field) => NOT_IN_TICKET_HEAD.some((name) => name === field))).toEqual([]);
  });

  it("nothing that may be large is read of a ticket to answer its request again", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const large = draft({ _id: "large", requestId: "its-name", fullText: "the whole mail", bounces: [], replyIds: [1] });
    await tickets.commit(large);
    const again = await tickets.commit(large);
    const refused = await tickets.reject(rejection({ _id: "large" }));
    const found = [
      again.kind === "exists" && again.ticket,
      refused.kind === "opened" && refused.ticket,
      await tickets.findByIdentity("large"),
      ...(await Promise.all(["large", "its-name"].map(tickets.findByRequestId))),
    ];
    for (const ticket of found) {
      expect(ticket).toMatchObject({ _id: "large", fingerprint: "f", subject: "s", source: { channel: "test" }, outbox: [] });
      for (const field of NOT_IN_STANDING_TICKET) expect(ticket).not.toHaveProperty(field);
    }
  });

  it("a ticket of which a first try has stored, and whose answer was lost, is opened whole", async () => {
    let isLost = false;
    const command = async (...args: Parameters<typeof store.db.command>) => {
      const answer = await store.db.command(...args);
      if (isLost) return answer;
      isLost = true;
      throw new StoreUnavailable("the answer was lost");
    };
    const db = Object.create(store.db, { command: { value: command } });
    const whole = draft({ fullText: "the whole mail" });
    expect(await makeMongoTicketStore({ ...store, db }, { numbers, now }).commit(whole)).toMatchObject({ kind: "opened", ticket: whole });
  });

  it("the stored document is the record and nothing else", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const commit = await tickets.commit(draft({ _id: "plain", requestId: "plain" }));
    expect(await store.db.collection("tickets").findOne({ _id: "plain" } as never)).toEqual(commit.kind === "opened" && commit.ticket);
  });
});
