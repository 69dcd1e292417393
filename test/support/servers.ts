import { randomBytes } from "node:crypto";

/** The servers that the run's set-up has started for the tests (global-setup.ts). */

/** URL of a database of that name on the run's MongoDB. */
export function testMongoUrl(dbName: string): string {
  const url = new URL(required("MONGODB_URL"));
  url.pathname = `/${dbName}`;
  return url.href;
}

/** URL of the run's Redis. */
export function testRedisUrl(): string {
  return required("REDIS_URL");
}

/** A name that no other test uses, for databases, queue prefixes and keys. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with npm test, which starts the servers`);
  return value;
}
