import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoMailFolders, type StoreConnection } from "../src/index.ts";
import { mailFoldersSuite } from "./testkit/mail-folders.suite.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("folders")), appName: "test", serverSelectionTimeoutMs: 5000 });
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

mailFoldersSuite(async () => {
  await store.db.collection("mailfolders").deleteMany({});
  return makeMongoMailFolders(store);
});

it("a folder remembers the last hundred messages that were skipped", async () => {
  const folders = makeMongoMailFolders(store);
  const lease = await folders.take("many", "one", 60_000);
  const skipped = Array.from({ length: 150 }, (_, uid) => ({ uidValidity: "1", uid, reason: "too-large", at: new Date(uid) }));
  await folders.save("many", lease?.token ?? 0, { uidValidity: "1", floor: 150, settled: [], failing: [] }, skipped);
  const found = await store.db.collection<{ _id: string; skipped: unknown[] }>("mailfolders").findOne({ _id: "many" });
  expect(found?.skipped).toHaveLength(100);
  expect(found?.skipped.at(-1)).toMatchObject({ uid: 149 });
});
