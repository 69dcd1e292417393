import { connectStore, makeMongoTicketStore, type StoreConnection } from "@openticket/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { makeAbridger } from "../src/abridge.ts";
import { config, owed, ticket, written } from "./notify/build.ts";

const MAIL_SHOWS = 11_000;
const DUE = new Date("2026-03-04T05:00:00Z");
const LATER = new Date("2026-03-04T06:00:00Z");

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("abridge")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

it.each([
  ["fits", "x".repeat(MAIL_SHOWS), MAIL_SHOWS],
  ["is one character longer", "x".repeat(MAIL_SHOWS + 1), MAIL_SHOWS + 1],
  ["has a pair where it is cut", `${"x".repeat(MAIL_SHOWS)}👩 and more`, MAIL_SHOWS + 1],
  ["has 8 MiB", "x".repeat(8 * 1024 * 1024), MAIL_SHOWS + 1],
])("a mail that the relay sends is the one of the whole message, which %s", async (how, message, kept) => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "c" }, now: () => DUE });
  const settings = { config: config({ MAIL_MESSAGE_MAX_CHARS: String(MAIL_SHOWS) }) };
  await tickets.commit(ticket({ _id: how, requestId: how, message, outbox: [owed()], dueAt: DUE }));
  const [leased] = await tickets.leaseDue(LATER, 3_600_000, 10, makeAbridger(MAIL_SHOWS));
  const whole = await tickets.findById(leased?.id ?? 0);
  expect([leased?.message.length, whole?.message.length]).toEqual([kept, message.length]);
  expect((await written(leased, owed(), settings)).source).toBe((await written(whole, owed(), settings)).source);
});
