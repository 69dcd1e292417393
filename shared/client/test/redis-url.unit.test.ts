import { describe, expect, it } from "vitest";
import { connectRedis } from "../src/redis.ts";
import { prefixFault, readRedisUrl } from "../src/redis-url.ts";

describe("a Redis URL", () => {
  it.each([
    ["redis://127.0.0.1:6379/2", { kind: "server", url: "redis://127.0.0.1:6379/2" }],
    ["rediss://user:secret@a/?family=6", { kind: "server", url: "rediss://user:secret@a/?family=6" }],
    [
      "redis+sentinel://user:p%40ss@a:26379,b/mymaster",
      {
        kind: "sentinel",
        hosts: [
          { host: "a", port: 26_379 },
          { host: "b", port: 26_379 },
        ],
        primary: "mymaster",
        login: { username: "user", password: "p@ss" },
        isTls: false,
      },
    ],
    ["rediss+cluster://:secret@[::1]:7000", { kind: "cluster", hosts: [{ host: "::1", port: 7000 }], login: { password: "secret" }, isTls: true }],
    ["redis+cluster://u:a:b%3A@a", { kind: "cluster", hosts: [{ host: "a", port: 6379 }], login: { username: "u", password: "a:b:" }, isTls: false }],
    ["redis+cluster://u:@a", { kind: "cluster", hosts: [{ host: "a", port: 6379 }], login: { username: "u", password: "" }, isTls: false }],
    ["redis+cluster://a", { kind: "cluster", hosts: [{ host: "a", port: 6379 }], login: {}, isTls: false }],
  ])("%s is read", (url, place) => {
    expect(readRedisUrl(url)).toEqual(place);
  });

  it.each([
    "http://a",
    "redis+sentinel://a:26379",
    "redis+cluster://a:1/name",
    "redis+cluster://a:0",
    "redis+cluster://,a",
    "redis+other://a",
    "redis://a/openticket",
    "redis://a:6379/5x",
    "redis://a/1/2",
    "redis+cluster://a:x",
    "redis+cluster://:100%@a",
    "redis+sentinel://a/my%master",
    "redis://:100%@a",
    "",
  ])("%s is refused, with the forms that there are", (url) => {
    expect(readRedisUrl(url)).toBeUndefined();
    expect(() => connectRedis({ url, prefix: "bull", name: "test", role: "door" })).toThrow("expected redis://host:6379, redis+sentinel://");
  });

  it("of a cluster wants a prefix with a hash tag, of a server any", () => {
    const places = ["redis+cluster://a", "redis://a"].map(readRedisUrl);
    const faults = (prefix: string) => places.map((place) => place && prefixFault(place, prefix));
    expect(faults("bull")).toEqual(["with a Redis cluster, expected a prefix with a hash tag, such as {bull}", undefined]);
    expect(faults("{bull}")).toEqual([undefined, undefined]);
    expect(faults("{}")).toEqual(["with a Redis cluster, expected a prefix with a hash tag, such as {bull}", undefined]);
  });
});
