import { NOT_IN_TICKET_HEAD } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";
import { draft, ticketStoreSuite } from "./testkit/ticket-store.suite.ts";

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

  it("the stored document is the record and nothing else", async () => {
    const tickets = makeMongoTicketStore(store, { numbers, now });
    const commit = await tickets.commit(draft({ _id: "plain", requestId: "plain" }));
    expect(await store.db.collection("tickets").findOne({ _id: "plain" } as never)).toEqual(commit.kind === "opened" && commit.ticket);
  });
});
