import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoCalls, makeMongoReceipts, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";

const AT = new Date("2030-01-01");
const LATER = new Date("2031-01-01");
/** 7.8 MB: three of them are more than MongoDB takes in one command, and fewer characters than eight million. */
const LONG = "€".repeat(2_600_000);
const THREE = ["a", "b", "c"];

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("heavy")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

const now = () => AT;
const stored = (collection: string) => store.db.collection(collection).countDocuments();

it("receipts of long commands in characters of three bytes are all given, though they come together", async () => {
  const receipts = makeMongoReceipts(store, { retentionMs: 1000, now });
  const receipt = { fingerprint: "f", source: { channel: "rest" as const }, acceptedAt: AT, commandJson: LONG, requeued: 0 };
  const given = await Promise.all(THREE.map((_id) => receipts.accept({ ...receipt, _id })));
  expect(given.map(({ kind }) => kind)).toEqual(["accepted", "accepted", "accepted"]);
  expect(await stored("receipts")).toBe(3);
});

it("so are calls with long bodies", async () => {
  const { owe } = makeMongoCalls(store);
  const call = {
    endpoint: "crm",
    type: "ticket.opened",
    body: LONG,
    state: "pending",
    attempts: 0,
    tries: [],
    createdAt: AT,
    dueAt: AT,
    endsAt: LATER,
  } as const;
  await Promise.all(THREE.map((_id) => owe({ ...call, tries: [], _id, eventId: _id })));
  expect(await stored("webhookcalls")).toBe(3);
});

it("so are rejections that say much", async () => {
  const { reject } = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "c" }, now });
  const about = { fingerprint: "f", source: { channel: "rest" as const }, errors: [{ code: "x", message: LONG }] };
  const times = { receivedAt: AT, rejectedAt: AT, expiresAt: LATER };
  const given = await Promise.all(THREE.map((_id) => reject({ ...about, ...times, _id, requestId: _id })));
  expect(given.map(({ kind }) => kind)).toEqual(["rejected", "rejected", "rejected"]);
});
