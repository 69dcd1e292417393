import type { OutboxEntry } from "@openticket/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoRejectionOutbox, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";
import { rejection } from "./testkit/ticket-store.suite.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const LATER = new Date(AT.getTime() + 60_000);
const entry: OutboxEntry = { key: "event:request.rejected", kind: "event", event: { type: "request.rejected", id: "evt_1", at: AT }, attempts: 0 };

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("rejections")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

it("a final rejection owes its event until that is told; a proposal of a dead worker owes nothing", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => AT });
  const outbox = makeMongoRejectionOutbox(store);
  const final = rejection({ _id: "final", outbox: [entry], dueAt: AT });
  await tickets.reject(final);
  await store.db
    .collection<{ _id: string }>("rejections")
    .insertOne({ ...rejection({ _id: "proposed", outbox: [entry], dueAt: AT }), isProposed: true } as never);

  const due = await outbox.leaseDue(LATER, 1000, 10);
  expect(due.map(({ _id }) => _id)).toEqual(["final"]);
  expect(await outbox.leaseDue(LATER, 1000, 10)).toEqual([]);
  await outbox.markDelivered([{ identity: "final", key: entry.key }], LATER);
  expect(await tickets.findRejection("final")).toEqual({ ...final, dueAt: undefined, outbox: [{ ...entry, deliveredAt: LATER }] });
});

it("a rejection that owes nothing is stored as it always was", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => AT });
  await tickets.reject(rejection({ _id: "plain" }));
  const stored = await store.db.collection<{ _id: string }>("rejections").findOne({ _id: "plain" });
  expect(Object.keys(stored ?? {}).filter((name) => name === "outbox" || name === "dueAt")).toEqual([]);
});
