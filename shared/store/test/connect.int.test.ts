import { expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { COLLECTIONS, connectStore } from "../src/connect.ts";

const MESSAGES = 60_000;
/** Far shorter than the build of as many messages' indexes, ms. */
const IMPATIENT_MS = 100;

it("a start waits for the indexes of a large collection, and has the patience of its process afterwards", async () => {
  const options = { url: testMongoUrl(uniqueName("indexes")), appName: "test", serverSelectionTimeoutMs: 5000 };
  const before = await connectStore({ ...options, makesIndexes: false });
  const record = (n: number) => ({
    requestId: `req_${n}`,
    receivedAt: new Date(n),
    mailbox: `m${n % 7}@example.test`,
    raw: { sha256: `${n}`.padStart(64, "0") },
  });
  await before.db.collection(COLLECTIONS.inbound).insertMany(Array.from({ length: MESSAGES }, (_, n) => record(n)));
  const store = await connectStore({ ...options, socketTimeoutMs: IMPATIENT_MS });
  expect(store.connection.getClient().options).toMatchObject({ socketTimeoutMS: IMPATIENT_MS, waitQueueTimeoutMS: 20_000 });
  expect(await before.db.collection(COLLECTIONS.inbound).indexExists(["requestId", "mailbox", "receivedAt", "raw"])).toBe(true);
  await before.db.dropDatabase();
  await Promise.all([store.close(), before.close()]);
});
