import type mongoose from "mongoose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, type StoreConnection, StoreUnavailable } from "../src/index.ts";
import { insertOrFind } from "../src/insert-or-find.ts";
import { NothingUnderName } from "../src/taken-names.ts";

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

it("tells what stands in each place, and fails alone the one that no majority has yet, and the one of which there is nothing", async () => {
  const rows = store.db.collection<Row>("rows");
  await rows.insertMany([
    { _id: "stands", by: "another" },
    { _id: "unsafe", by: "another" },
    { _id: "half \ud800", by: "another" },
  ]);
  // A majority's reader does not see it.
  const find = ({ _id: { $in: ids } }: { _id: { $in: string[] } }, options?: mongoose.mongo.FindOptions) =>
    rows.find({ _id: { $in: ids.filter((id) => id !== "unsafe" || options?.readConcern !== undefined) } });
  const seen = { collectionName: rows.collectionName, find } as unknown as typeof rows;
  const ids = ["new", "stands", "unsafe", "half \ud800", "twice", "twice"];
  const standing = await insertOrFind(
    store.db,
    ids.map((_id) => ({ _id, by: "us" })),
    seen,
    (stored, { by }) => stored.by === by,
  );
  const [fresh, stands, unsafe, half, ...twice] = standing;
  expect([fresh, stands, twice]).toEqual([undefined, { _id: "stands", by: "another" }, [undefined, { _id: "twice", by: "us" }]]);
  expect([unsafe, half]).toEqual([expect.any(StoreUnavailable), expect.any(NothingUnderName)]);
});
