import type { WebhookCallRecord } from "@openticket/contract";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { type CallStore, connectStore, erasePerson, makeMongoCalls, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";
import { draft, rejection } from "./testkit/ticket-store.suite.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const later = (ms: number) => new Date(AT.getTime() + ms);

let store: StoreConnection;
let calls: CallStore;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("calls")), appName: "test", serverSelectionTimeoutMs: 5000 });
  calls = makeMongoCalls(store);
});
beforeEach(() => store.db.collection("webhookcalls").deleteMany({}));
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

async function owe(id: string, more: Partial<WebhookCallRecord> = {}): Promise<void> {
  const head = { _id: id, eventId: id, endpoint: "crm", type: "ticket.opened", body: "{}" } as const;
  await calls.owe({ ...head, state: "pending", attempts: 0, tries: [], createdAt: AT, dueAt: AT, endsAt: later(60_000), ...more });
}
const ids = (found: { _id: string }[]) => found.map(({ _id }) => _id);

it("calls of an endpoint are listed newest first, page by page, without those of others", async () => {
  for (let n = 0; n < 5; n++) await owe(`c${n}`, { createdAt: later(n < 3 ? 0 : n) });
  await owe("other", { endpoint: "billing" });
  expect(ids(await calls.list({ endpoint: "crm", limit: 2 }))).toEqual(["c4", "c3"]);
  expect(ids(await calls.list({ endpoint: "crm", limit: 2, after: "c3" }))).toEqual(["c2", "c1"]);
  expect(ids(await calls.list({ endpoint: "crm", limit: 2, after: "c1" }))).toEqual(["c0"]);
  expect(await calls.list({ endpoint: "crm", limit: 2, after: "none" })).toEqual([]);
  expect(await calls.list({ endpoint: "crm", state: "failed", limit: 2 })).toEqual([]);
});

it("the log of a call remembers the last twenty tries", async () => {
  await owe("c");
  for (let n = 0; n < 25; n++) {
    const [leased] = await calls.leaseDue("crm", later(n), 0, 1);
    if (!leased) throw new Error("nothing is due");
    await calls.tried(leased, { at: later(n), tookMs: n, status: 500 }, { state: "pending", attempts: n + 1, dueAt: later(n) });
  }
  expect((await calls.find("c"))?.tries.map(({ tookMs }) => tookMs)).toEqual(Array.from({ length: 20 }, (_, n) => n + 5));
});

it("a call in hand is not given up beside the one who sends it", async () => {
  await owe("c", { endsAt: later(1) });
  await calls.leaseDue("crm", AT, 1000, 1);
  expect(await calls.giveUpEnded(later(10), later(99))).toBe(0);
  expect(await calls.giveUpEnded(later(1001), later(99))).toBe(1);
  expect(await calls.find("c")).toMatchObject({ state: "failed", expiresAt: later(99) });
});

it("the erasure of a person takes along what was told of their tickets and requests", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => AT });
  const opener = { kind: "client", clientid: 7, name: "Ada", email: "ada@example.test" } as const;
  const committed = await tickets.commit(draft({ _id: "t", requestId: "t", opener }));
  await tickets.reject(rejection({ _id: "r", requestId: "r" }));
  const ticketId = committed.kind === "opened" ? committed.ticket.id : 0;
  await owe("opened", { ticketId, requestId: "t" });
  await owe("status", { ticketId });
  await owe("rejected-other", { requestId: "r" });
  await owe("of-another", { ticketId: ticketId + 1, requestId: "u" });
  await erasePerson(store, { clientid: 7, emails: ["ada@example.test"], userids: [], contactids: [], ticketids: [ticketId] });
  expect(ids(await calls.list({ endpoint: "crm", limit: 10 })).sort()).toEqual(["of-another", "rejected-other"]);
});
