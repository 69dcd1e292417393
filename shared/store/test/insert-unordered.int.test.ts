import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoReceipts, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { insertUnordered } from "../src/insert-unordered.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("inserts")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

describe("an unordered insert", () => {
  it("stores what it can and tells of each other document which index refused it", async () => {
    const collection = uniqueName("documents");
    await store.db.collection(collection).createIndex({ tid: 1 }, { name: "tid", unique: true });
    expect(await insertUnordered(store.db, collection, [{ _id: "a", tid: "1" }])).toEqual(new Map());
    const failures = await insertUnordered(store.db, collection, [
      { _id: "b", tid: "2" },
      { _id: "a", tid: "3" },
      { _id: "c", tid: "1" },
      { _id: "d", tid: "4" },
    ]);
    expect([...failures].map(([place, { code, index }]) => [place, code, index])).toEqual([
      [1, 11_000, "_id_"],
      [2, 11_000, "tid"],
    ]);
    expect(await store.db.collection(collection).countDocuments()).toBe(3);
  });

  it("asks for a majority and the journal, and promises nothing when there was none in time", async () => {
    const asked: unknown[] = [];
    const command = async (document: object) => {
      asked.push(document);
      return { ok: 1, n: 1, writeConcernError: { code: 64, errmsg: "waiting for replication timed out" } };
    };
    await expect(insertUnordered({ command }, "documents", [{ _id: "a" }])).rejects.toThrow(StoreUnavailable);
    expect(asked).toEqual([expect.objectContaining({ insert: "documents", ordered: false, writeConcern: { w: "majority", j: true, wtimeout: 8000 } })]);
  });
});

describe("a receipt", () => {
  it("is accepted again when the first answer was lost, and another's is told", async () => {
    const receipts = makeMongoReceipts(store, { retentionMs: 1000, now: () => new Date() });
    const receipt = { _id: randomUUID(), fingerprint: "f", source: { channel: "rest" }, acceptedAt: new Date(), commandJson: "{}", requeued: 0 };
    expect(await receipts.accept(receipt)).toEqual({ kind: "accepted" });
    expect(await receipts.accept(receipt)).toEqual({ kind: "accepted" });
    expect(await receipts.accept({ ...receipt, fingerprint: "g" })).toMatchObject({ kind: "exists", receipt: { fingerprint: "f" } });
  });

  it("that stands is read without its command, which may be large", async () => {
    const receipts = makeMongoReceipts(store, { retentionMs: 1000, now: () => new Date() });
    const standing = { _id: randomUUID(), fingerprint: "f", source: { channel: "rest" }, acceptedAt: new Date(), requeued: 0 };
    await receipts.accept({ ...standing, commandJson: "{}" });
    expect(await receipts.accept({ ...standing, acceptedAt: new Date(0) })).toEqual({ kind: "exists", receipt: standing });
    expect(await receipts.find(standing._id)).toEqual(standing);
  });
});
