import { randomBytes } from "node:crypto";

/** The real server that the test run has started. */
export function redisUrl(): string {
  const url = process.env.REDIS_URL;
  if (url === undefined) throw new Error("REDIS_URL is not set: run the tests with npm test");
  return url;
}

/** A queue prefix that no other test uses. */
export function uniquePrefix(): string {
  return `client-${randomBytes(6).toString("hex")}`;
}
