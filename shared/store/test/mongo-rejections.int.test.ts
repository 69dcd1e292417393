import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoTicketStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { lookUpDocument } from "../src/look-up.ts";
import { makeRejectionGuard } from "../src/mongo-rejections.ts";
import type { RejectionDocument, ReplyDocument, TicketDocument } from "../src/ticket-documents.ts";
import { draft, rejection } from "./testkit/ticket-store.suite.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("rejections")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

/** A guard that is overtaken by others between its look for tickets and what it does about its proposals. */
function overtakenBy(others: () => Promise<unknown>, step: "updateMany" | "deleteMany" = "updateMany") {
  const rejections = store.db.collection<RejectionDocument>("rejections");
  const tickets = store.db.collection<TicketDocument>("tickets");
  const replies = store.db.collection<ReplyDocument>("replies");
  const overtaken = new Proxy(rejections, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (name !== step) return method;
      return async (...args: unknown[]) => {
        await others();
        return method.apply(target, args);
      };
    },
  });
  return makeRejectionGuard({ db: store.db, rejections: overtaken, tickets, replies, lookUp: lookUpDocument(rejections) });
}

it("of many that are rejected together, those that others decide meanwhile harm no other", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => new Date() });
  const rejections = store.db.collection<RejectionDocument>("rejections");
  const guard = overtakenBy(async () => {
    await tickets.commit(draft({ _id: "opened" }));
    await rejections.deleteMany({ _id: { $in: ["opened", "contested"] } });
  });
  const [plain, opened, contested] = await guard.rejectBatch(["plain", "opened", "contested"].map((_id) => rejection({ _id })));
  expect(plain).toMatchObject({ kind: "rejected", record: { _id: "plain" } });
  expect(opened).toMatchObject({ kind: "opened", ticket: { _id: "opened" } });
  expect(contested).toBeInstanceOf(StoreUnavailable);
  expect(await tickets.findRejection("plain")).toBeDefined();
  expect(await rejections.countDocuments({ _id: { $in: ["opened", "contested"] } })).toBe(0);
});

it("makes no proposal final but the one that it has seen: another's may come behind a ticket", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => new Date() });
  const rejections = store.db.collection<RejectionDocument>("rejections");
  const guard = overtakenBy(async () => {
    await tickets.commit(draft({ _id: "fought-for" }));
    await rejections.deleteOne({ _id: "fought-for" });
    await rejections.insertOne({ ...rejection({ _id: "fought-for" }), isProposed: true, proposal: "another's" });
  });
  expect(await guard.rejectBatch([rejection({ _id: "fought-for" })])).toMatchObject([{ kind: "opened", ticket: { _id: "fought-for" } }]);
  expect(await tickets.findRejection("fought-for")).toBeUndefined();
});

it("tells nobody of a ticket that has to give way to what another has just made final", async () => {
  const tickets = makeMongoTicketStore(store, { numbers: { tid: String, accessCode: () => "code" }, now: () => new Date() });
  const rejections = store.db.collection<RejectionDocument>("rejections");
  await tickets.commit(draft({ _id: "gives-way" }));
  const guard = overtakenBy(() => rejections.updateOne({ _id: "gives-way" }, { $unset: { isProposed: 1, proposal: 1 } }), "deleteMany");
  const [told] = await guard.rejectBatch([rejection({ _id: "gives-way" })]);
  expect(told).toBeInstanceOf(StoreUnavailable);
});
