import mongoose from "mongoose";

/** The store could not do it now; the same may well work later. Nothing is known to have been written. */
export class StoreUnavailable extends Error {
  override name = "StoreUnavailable";
}

/** Errors of the driver that say that the server could not be reached, or not in time. */
const OUTAGE_NAMES = new Set([
  "MongoNetworkError",
  "MongoNetworkTimeoutError",
  "MongoServerSelectionError",
  "MongoPoolClearedError",
  "MongoPoolClosedError",
  "MongoWaitQueueTimeoutError",
  "MongoNotConnectedError",
  "MongoTopologyClosedError",
  "MongoClientClosedError",
  "MongoOperationTimeoutError",
  "MongoWriteConcernError",
  "MongooseServerSelectionError",
]);

/** What the system says of a lost connection; the driver hands some of these on as they are. */
const NETWORK_CODES = new Set(["ECONNRESET", "EPIPE", "ECONNREFUSED", "ECONNABORTED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * Server codes of the same meaning: not or no longer a primary, shutting down, a time limit, a write concern that was
 * not met in time, a full disk.
 */
const OUTAGE_CODES = new Set([6, 7, 50, 64, 79, 89, 91, 100, 189, 202, 262, 317, 358, 9001, 10107, 11600, 11602, 13388, 13435, 13436, 14031]);

/** Of a write of many the driver hides what cut it off in a field of its own. */
function behindBulkWrite(error: Error): unknown {
  return error instanceof mongoose.mongo.MongoBulkWriteError ? error.errorResponse : undefined;
}

/** True when the store is out of reach, or not able to write, for now. */
export function isStoreOutage(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true;
  if (!(error instanceof Error)) return false;
  if (OUTAGE_NAMES.has(error.name)) return true;
  if (error instanceof mongoose.mongo.MongoError && error.hasErrorLabel("RetryableWriteError")) return true;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && NETWORK_CODES.has(code)) return true;
  if (typeof code === "number" && OUTAGE_CODES.has(code)) return true;
  return isStoreOutage(behindBulkWrite(error)) || (error.cause !== undefined && isStoreOutage(error.cause));
}
