import { randomBytes } from "node:crypto";

/** The run's MongoDB, with a database of its own for each test: see {@link uniqueName}. */
export function testMongoUrl(dbName: string): string {
  const url = new URL(given("MONGODB_URL"));
  url.pathname = `/${dbName}`;
  return url.href;
}

/** The run's Redis; a test keeps to a queue prefix of its own. */
export function testRedisUrl(): string {
  return given("REDIS_URL");
}

/** A name that no other test has: for a database (short enough, no dots) or a queue prefix. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

/** Set by global-setup.ts for the levels int and e2e. */
function given(name: "MONGODB_URL" | "REDIS_URL"): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: only *.int.test.ts and *.e2e.test.ts have servers`);
  return value;
}
