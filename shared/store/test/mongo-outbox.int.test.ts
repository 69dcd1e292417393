import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, type StoreConnection } from "../src/index.ts";
import { makeMongoOutbox } from "../src/mongo-outbox.ts";
import { owed } from "./testkit/ticket-store.suite.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const TICKETS = 300;

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("outbox")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

type Owing = { _id: string; outbox: ReturnType<typeof owed>[]; dueAt: Date };

/** An outbox whose round trips to write are counted. */
function anOutbox(name: string) {
  const real = store.db.collection<Owing>(name);
  const writes: string[] = [];
  const counted = (how: "updateMany" | "bulkWrite") => ({
    value: (...given: unknown[]) => {
      writes.push(how);
      return Reflect.apply(real[how], real, given);
    },
  });
  const tickets: typeof real = Object.create(real, { updateMany: counted("updateMany"), bulkWrite: counted("bulkWrite") });
  return { outbox: makeMongoOutbox(tickets), tickets: real, writes };
}

it("deliveries that have a key each are marked together, also where a record has come to owe more than was seen", async () => {
  const { outbox, tickets, writes } = anOutbox("events");
  const keyOf = (n: number) => `event:ticket.status.changed:${n}`;
  const records = Array.from({ length: TICKETS }, (_, n) => ({ _id: `t${n}`, outbox: [owed(keyOf(n))], dueAt: AT }));
  records[7]?.outbox.push(owed("mail:opener"));
  await tickets.insertMany(records);
  await outbox.markDelivered(
    records.map(({ _id: identity }, n) => ({ identity, key: keyOf(n), isOnly: n % 2 === 1 })),
    AT,
  );
  expect(writes.length).toBeLessThanOrEqual(2);
  expect(await tickets.countDocuments({ "outbox.0.deliveredAt": AT })).toBe(TICKETS);
  expect(await tickets.find({ dueAt: { $exists: true } }).toArray()).toMatchObject([{ _id: "t7", outbox: [{}, { key: "mail:opener" }] }]);
});

it("of records that owe one answer, or mail, and nothing else one write marks all", async () => {
  const { outbox, tickets, writes } = anOutbox("answers");
  const records = Array.from({ length: TICKETS }, (_, n) => ({ _id: `t${n}`, outbox: [owed("reply")], dueAt: AT }));
  await tickets.insertMany(records);
  const marks = records.map(({ _id: identity }) => ({ identity, key: "reply", isOnly: true }));
  await outbox.markDelivered(marks, AT);
  expect(writes).toHaveLength(1);
  expect(await tickets.countDocuments({ dueAt: { $exists: false }, "outbox.deliveredAt": AT })).toBe(TICKETS);
});

it("records that are due are abridged as they are read, before all of them are in memory", async () => {
  const tickets = store.db.collection<Owing & { message: string }>(uniqueName("large"));
  const long = "x".repeat(6_000_000);
  for (const _id of ["a", "b", "c", "d"]) await tickets.insertOne({ _id, outbox: [owed("mail:opener")], dueAt: AT, message: long });
  const found: ReturnType<typeof tickets.find>[] = [];
  const find = (...given: Parameters<typeof tickets.find>) => {
    const cursor = tickets.find(...given);
    found.push(cursor);
    return cursor;
  };
  const outbox = makeMongoOutbox<Owing & { message: string }>(Object.create(tickets, { find: { value: find } }));
  const hasMore: boolean[] = [];
  const leased = await outbox.leaseDue(AT, 1000, 10, (record) => {
    hasMore.push(found.at(-1)?.closed === false);
    return { ...record, message: record.message.slice(0, 3) };
  });
  expect(leased.map(({ message }) => message)).toEqual(["xxx", "xxx", "xxx", "xxx"]);
  expect([hasMore.at(0), hasMore.at(-1)]).toEqual([true, false]);
  expect(await tickets.countDocuments({ message: long })).toBe(4);
});
