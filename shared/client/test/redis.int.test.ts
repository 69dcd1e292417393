import { afterEach, expect, it } from "vitest";
import { connectRedis } from "../src/redis.ts";
import { redisUrl, uniquePrefix } from "./support/redis.ts";

const prefix = uniquePrefix();
const opened: ReturnType<typeof connectRedis>[] = [];
const connect = (path: string, onError?: (error: Error) => void) => {
  const connection = connectRedis({ url: `${redisUrl()}${path}`, prefix, name: "test", role: "door", onError });
  opened.push(connection);
  return connection;
};
afterEach(() => {
  for (const connection of opened.splice(0)) connection.disconnect();
});

it("a database that Redis has not is not exchanged for another: nothing is written, and the log says why", async () => {
  const said: string[] = [];
  const connection = connect("/9999", (error) => said.push(`${error.name}: ${error.message}`));
  await expect(connection.set(prefix, "lost")).rejects.toThrow();
  expect(said[0]).toBe("BadRedisUrl: Redis has no such database; REDIS_URL names one by the number in its path");
  expect(await connect("").exists(prefix)).toBe(0);
});

it("such a database is not exchanged for another where nobody hears of errors", async () => {
  await expect(connect("/9999").set(prefix, "lost")).rejects.toThrow();
  expect(await connect("").exists(prefix)).toBe(0);
});

it("a database that it has is used", async () => {
  const connection = connect("/1");
  await connection.set(prefix, "kept");
  expect([await connect("").exists(prefix), await connection.del(prefix)]).toEqual([0, 1]);
});
