import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { testMongoUrl, testRedisUrl, uniqueName } from "../../../test/support/servers.ts";
import { makeConnections } from "../src/connections.ts";
import { operatorOf } from "./support/opentickets.ts";

const connections = makeConnections({ MONGODB_URL: testMongoUrl(uniqueName("connections")) });
afterAll(() => connections.close());

it("a question waits for those before it as long as they take", async () => {
  const { connection } = await connections.store();
  expect(connection.getClient().options).toMatchObject({ socketTimeoutMS: 600_000, waitQueueTimeoutMS: 0 });
});

describe("whose queue it is", () => {
  const places = () => ({ mongodbUrl: "mongodb://127.0.0.1/running", redisUrl: testRedisUrl(), queuePrefix: "desk" });

  async function prefixFor(env: Record<string, string>): Promise<string> {
    const dataDir = await mkdtemp(join(tmpdir(), "openticket-running-"));
    await writeFile(join(dataDir, "databases.json"), JSON.stringify(places()));
    const running = makeConnections({ DATA_DIR: dataDir, ...env });
    try {
      return (await running.redis()).prefix;
    } finally {
      await running.close();
      await rm(dataDir, { recursive: true });
    }
  }

  it("is that of the product which runs here, with its databases", async () => {
    expect(await prefixFor({})).toBe("desk");
    expect(await prefixFor({ QUEUE_PREFIX: "", REDIS_URL: "" })).toBe("desk");
  });

  it("is the one that is named, and another Redis' own", async () => {
    expect(await prefixFor({ QUEUE_PREFIX: "other" })).toBe("other");
    expect(await prefixFor({ REDIS_URL: new URL("/1", testRedisUrl()).href })).toBe("bull");
  });
});

it("every command that needs Redis says at once that it is not there, and where that is said", async () => {
  const name = uniqueName("cli");
  const { opentickets } = operatorOf(() => name, { REDIS_URL: "redis://127.0.0.1:1" });
  for (const command of [["queue"], ["audit"], ["status"], ["request", "show", "1"]]) {
    const { code, err } = await opentickets(...command);
    expect([code, err], command.join(" ")).toEqual([
      1,
      expect.stringMatching(/Redis cannot be reached: .*ECONNREFUSED.*; REDIS_URL, or --redis-url, says where it is/),
    ]);
  }
});
