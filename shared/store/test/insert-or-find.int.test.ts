import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { insertOrFind } from "../src/insert-or-find.ts";

interface Row {
  _id: string;
  by: string;
}

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("insert-or-find")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

it("tells what stands in each place, and fails alone the one that no majority has yet", async () => {
  const rows = store.db.collection<Row>("rows");
  await rows.insertMany([
    { _id: "stands", by: "another" },
    { _id: "unsafe", by: "another" },
  ]);
  // A majority's reader does not see it.
  const find = (filter: { _id: { $in: string[] } }) => rows.find({ _id: { $in: filter._id.$in.filter((id) => id !== "unsafe") } });
  const seen = { collectionName: rows.collectionName, find } as unknown as typeof rows;
  const ids = ["new", "stands", "unsafe", "twice", "twice"];
  const standing = await insertOrFind(
    store.db,
    ids.map((_id) => ({ _id, by: "us" })),
    seen,
    (stored, { by }) => stored.by === by,
  );
  expect(standing).toEqual([undefined, { _id: "stands", by: "another" }, expect.any(StoreUnavailable), undefined, { _id: "twice", by: "us" }]);
});
