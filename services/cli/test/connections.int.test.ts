import { afterAll, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { makeConnections } from "../src/connections.ts";

const connections = makeConnections({ MONGODB_URL: testMongoUrl(uniqueName("connections")) });
afterAll(() => connections.close());

it("a question waits for those before it as long as they take", async () => {
  const { connection } = await connections.store();
  expect(connection.getClient().options).toMatchObject({ socketTimeoutMS: 600_000, waitQueueTimeoutMS: 0 });
});
