import { describe, expect, it } from "vitest";
import { commonConfigFields } from "../src/config.ts";

const { MONGODB_URL, REDIS_URL } = commonConfigFields;

describe("MONGODB_URL", () => {
  it.each(["mongodb://a/openticket", "mongodb://u:p%2F@a:1,b:2/openticket?replicaSet=rs0", "mongodb+srv://a.example/db"])("%s is one", (url) => {
    expect(MONGODB_URL.safeParse(url).success).toBe(true);
  });

  it.each(["mongodb://a", "mongodb://a/", "mongodb://a/?replicaSet=rs0", "mongodb://a,b?x=/y", "http://a/db"])("%s names no database", (url) => {
    expect(MONGODB_URL.safeParse(url).error?.issues[0]?.message).toContain("with the name of a database");
  });
});

describe("REDIS_URL", () => {
  it.each(["redis://a", "redis://:p@a:1/", "rediss://a/5", "redis://a/5?family=6", "redis+sentinel://a:1,b/mymaster", "rediss+cluster://u:p@a:1,b:2"])(
    "%s is one",
    (url) => {
      expect(REDIS_URL.safeParse(url).success).toBe(true);
    },
  );

  it.each(["redis://a/openticket", "redis://a/5x", "redis://a/1/2", "redis+sentinel://a:1,b", "redis+sentinel://a/", "redis+cluster://a/0", "amqp://a"])(
    "%s is none",
    (url) => {
      expect(REDIS_URL.safeParse(url).error?.issues[0]?.message).toMatch(/^expected a URL such as redis:/);
    },
  );
});
