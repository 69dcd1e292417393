import { Redis } from "ioredis";
import { testRedisUrl } from "./servers.ts";

/** What FLUSHALL would do, for the queue of one test. Answers how many keys there were. */
export async function emptyRedis(prefix: string): Promise<number> {
  const redis = new Redis(testRedisUrl());
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.unlink(...keys);
  redis.disconnect();
  return keys.length;
}
