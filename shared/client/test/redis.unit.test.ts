import { describe, expect, it } from "vitest";
import { redisOptions, retryDelayMs } from "../src/redis.ts";

describe("a connection's options", () => {
  it("end a frozen connection for every role, and let only a worker wait for ever", () => {
    expect(redisOptions({ name: "a", role: "door" })).toMatchObject({ socketTimeout: 12_000, maxRetriesPerRequest: 1, commandTimeout: 2000 });
    expect(redisOptions({ name: "a", role: "worker" })).toMatchObject({ socketTimeout: 12_000, maxRetriesPerRequest: null });
    expect(redisOptions({ name: "a", role: "worker" })).not.toHaveProperty("commandTimeout");
  });

  it("try again ever more slowly up to a second, with jitter", () => {
    expect([1, 2, 3, 50].map((attempt) => retryDelayMs(attempt, () => 0))).toEqual([50, 100, 200, 1000]);
    expect(retryDelayMs(50, () => 1)).toBe(500);
  });
});
