import mongoose from "mongoose";
import { expect, it } from "vitest";
import { isStoreOutage } from "../src/outage.ts";

const { MongoBulkWriteError, MongoNetworkError, MongoServerError, MongoServerSelectionError } = mongoose.mongo;
const coded = (code: string | number, message = "") => Object.assign(new Error(message), { code });
/** As the driver makes it of what cut a write of many off. */
const bulk = (cause: unknown) => new MongoBulkWriteError(cause as never, {} as never);

it.each([
  ["a lost connection", new MongoNetworkError("connection 7 to 127.0.0.1:27017 closed")],
  ["a lost connection, as the system says it", coded("ECONNRESET", "write ECONNRESET")],
  ["a write of many that was cut off", bulk(new MongoNetworkError("read ECONNRESET"))],
  ["a write of many whose connection closed", bulk(new MongoNetworkError("connection 7 to 127.0.0.1:27017 closed"))],
  ["a write of many that found no primary", bulk(new MongoServerSelectionError("Server selection timed out after 2000 ms", {} as never))],
  ["a member that is no primary any more", new MongoServerError({ message: "not primary", code: 10107 })],
  ["something that an outage is behind of", new Error("not stored", { cause: new MongoNetworkError("closed") })],
])("%s is an outage", (_what, error) => {
  expect(isStoreOutage(error)).toBe(true);
});

it.each([
  ["a bug", new TypeError("undefined is not a function")],
  ["a document that cannot be written", new MongoServerError({ message: "object to insert too large", code: 10334 })],
  ["a write of many that was refused for one document", bulk({ message: "E11000", code: 11_000, writeErrors: [{ index: 0 }] })],
  ["a write of many that could not be put into words", bulk(new Error("key must not contain null bytes"))],
  ["a file that is not there", coded("ENOENT")],
])("%s is none", (_what, error) => {
  expect(isStoreOutage(error)).toBe(false);
});
