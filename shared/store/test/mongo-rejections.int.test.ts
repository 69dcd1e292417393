import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoTicketStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { lookUpDocument } from "../src/look-up.ts";
import { makeRejectionGuard } from "../src/mongo-rejections.ts";
import type { RejectionDocument, TicketDocument } from "../src/ticket-documents.ts";
import { draft, rejection } from "./testkit/ticket-store.suite.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("rejections")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

/** A guard that is overtaken by others between its look for tickets and its making proposals final. */
function overtakenBy(others: () => Promise<unknown>) {
  const rejections = store.db.collection<RejectionDocument>("rejections");
  const tickets = store.db.collection<TicketDocument>("tickets");
  const overtaken = new Proxy(rejections, {
    get(target, name) {
      if (name !== "updateMany") return Reflect.get(target, name);
      return async (...args: Parameters<typeof target.updateMany>) => {
        await others();
        return target.updateMany(...args);
      };
    },
  });
  return makeRejectionGuard({ db: store.db, rejections: overtaken, tickets, lookUp: lookUpDocument(rejections) });
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
