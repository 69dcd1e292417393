import { afterAll, beforeAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, importReferenceData, makeMongoMailboxes, type StoreConnection } from "../src/index.ts";

let store: StoreConnection;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("mailboxes")), appName: "test", serverSelectionTimeoutMs: 5000 });
  const departments = [
    { id: 1, name: "Support", email: "Support@Example.test" },
    { id: 2, name: "Sales", email: "sales@example.test" },
    { id: 3, name: "Sales too", email: "sales@example.test" },
    { id: 4, name: "Silent" },
  ];
  const mailboxes = [
    { address: "Help@example.test", deptid: 4 },
    { address: "a+b@example.test", deptid: 2 },
  ];
  const outcome = await importReferenceData(store, [{ name: "all.json", text: JSON.stringify({ departments, mailboxes }) }]);
  expect(outcome.kind).toBe("imported");
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

it.each([
  ["a department's address", "support@example.test", "support@example.test", 1],
  ["in any case", "SUPPORT@EXAMPLE.TEST", "support@example.test", 1],
  ["with a plus-tag", "support+x+y.z@example.test", "support@example.test", 1],
  ["of several departments the first", "sales@example.test", "sales@example.test", 2],
  ["a further address", "help+1@example.test", "help@example.test", 4],
  ["a further address with a plus of its own", "a+b@example.test", "a+b@example.test", 2],
])("mail is taken for %s", async (_what, given, address, deptid) => {
  expect(await makeMongoMailboxes(store).find(given)).toEqual({ address, deptid });
});

it.each(["nobody@example.test", "support@example.test.evil", "@example.test", "support", "", "support@example.test\0"])(
  "no mail is taken for %j",
  async (given) => {
    expect(await makeMongoMailboxes(store).find(given)).toBeUndefined();
  },
);

it("a further address must be of a department that exists", async () => {
  const outcome = await importReferenceData(store, [{ name: "mailboxes.csv", text: "address,deptid\nx@example.test,99" }]);
  expect(outcome).toMatchObject({ kind: "refused", faults: [{ line: 2, message: expect.stringContaining("there is no departments 99") }] });
});
