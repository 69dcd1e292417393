import { randomBytes } from "node:crypto";
import { DEFAULT_QUEUE_PREFIX, REPLY_QUEUE_PREFIX } from "@openticket/contract";
import { Queue } from "bullmq";
import type { ClientLogger } from "./client-logger.ts";
import { idsLikeOurs, removeOurs } from "./our-messages.ts";
import { type RedisConnection, serversOf } from "./redis.ts";
import { foreignKey, forget, houseKey, isOwnReplyQueue, notice, ownersKey, silentFor } from "./reply-owners.ts";

/**
 * Clears away reply queues that nobody reads.
 *
 * Problem: waiting jobs have no expiry; a requester that was killed leaves its queue for ever.
 * Choice: our own requesters beat; a queue of theirs without a beat for long is removed whole. Queues that are found
 * without an owner are given one term of grace. A foreign requester's queue is its own: only replies of ours past an age
 * go, and their outcomes are in the store anyway.
 * Rejected: an expiry on the keys (BullMQ rewrites them, and a slow reader would lose parts of its queue).
 */
export interface JanitorOptions {
  /** Shared, never closed here. */
  connection: RedisConnection;
  prefix?: string | undefined;
  logger?: ClientLogger | undefined;
  /** Time between two sweeps of the fleet, ms. */
  sweepIntervalMs?: number | undefined;
  /** An owner silent for this long is gone, ms: many heartbeats. */
  ownerSilentMs?: number | undefined;
  /** Replies to foreign requesters are kept for this long, ms. */
  foreignRetentionMs?: number | undefined;
}

export interface SweepReport {
  kind: "swept" | "another-sweeps";
  removedQueues: number;
  trimmedReplies: number;
}

const DEFAULT_SWEEP_INTERVAL_MS = 5 * 60_000;
const DEFAULT_OWNER_SILENT_MS = 10 * 60_000;
const DEFAULT_FOREIGN_RETENTION_MS = 24 * 3_600_000;
/** Keys that one SCAN step looks at. */
const SCAN_COUNT = 1000;
/** Where replies stay that nobody reads, or that their reader has failed. */
const STATES = ["wait", "delayed", "failed"] as const;

/** Sweeps now and then until closed; of a fleet, one process a time. */
export function startJanitor(options: JanitorOptions): { sweep(): Promise<SweepReport>; close(): Promise<void> } {
  const { logger, sweepIntervalMs = DEFAULT_SWEEP_INTERVAL_MS } = options;
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = sweepReplyQueues(options).catch((err: unknown) => logger?.warn({ err }, "reply queues not swept"));
  }, sweepIntervalMs).unref();
  return {
    sweep: () => sweepReplyQueues(options),
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** One sweep, unless another process has made one within the interval. */
export async function sweepReplyQueues(options: JanitorOptions): Promise<SweepReport> {
  const { connection, prefix = DEFAULT_QUEUE_PREFIX, logger, sweepIntervalMs = DEFAULT_SWEEP_INTERVAL_MS } = options;
  const { ownerSilentMs = DEFAULT_OWNER_SILENT_MS, foreignRetentionMs = DEFAULT_FOREIGN_RETENTION_MS } = options;
  const isOurs = await connection.set(houseKey(prefix, "janitor"), randomBytes(8).toString("hex"), "PX", Math.ceil(sweepIntervalMs / 2), "NX");
  if (isOurs === null) return { kind: "another-sweeps", removedQueues: 0, trimmedReplies: 0 };
  const removedQueues = await removeAbandoned(connection, prefix, ownerSilentMs);
  const trimmedReplies = await trimForeign(connection, prefix, foreignRetentionMs);
  if (removedQueues + trimmedReplies > 0) logger?.warn({ removedQueues, trimmedReplies }, "abandoned replies removed");
  return { kind: "swept", removedQueues, trimmedReplies };
}

/** One pass over the keys finds what is left of silent owners' queues, and queues that no owner is known of. */
async function removeAbandoned(connection: RedisConnection, prefix: string, ownerSilentMs: number): Promise<number> {
  const silent = new Set((await silentFor(connection, ownersKey(prefix), ownerSilentMs)).filter(isOwnReplyQueue));
  const found = new Set<string>();
  for await (const keys of keysLike(`${asGlob(`${prefix}:${REPLY_QUEUE_PREFIX}`)}*`, connection)) {
    const abandoned = keys.filter((key) => silent.has(queueOfKey(key, prefix)));
    if (abandoned.length > 0) await connection.unlink(abandoned);
    for (const queue of keys.map((key) => queueOfKey(key, prefix))) if (isOwnReplyQueue(queue)) found.add(queue);
  }
  for (const queue of found) if (!silent.has(queue)) await notice(connection, ownersKey(prefix), queue);
  for (const queue of silent) await forget(connection, ownersKey(prefix), queue, ownerSilentMs);
  return [...silent].filter((queue) => found.has(queue)).length;
}

/** Keys of every server that match, some at a time. */
async function* keysLike(pattern: string, connection: RedisConnection): AsyncGenerator<string[]> {
  for (const server of serversOf(connection)) {
    let cursor = "0";
    do {
      const [next, keys] = await server.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
      cursor = next;
      yield keys;
    } while (cursor !== "0");
  }
}

async function trimForeign(connection: RedisConnection, prefix: string, retentionMs: number): Promise<number> {
  let trimmed = 0;
  for (const name of await silentFor(connection, foreignKey(prefix), 0)) {
    const queue = new Queue(name, { connection, prefix, skipMetasUpdate: true, skipVersionCheck: true });
    queue.on("error", () => undefined);
    const ids = (await Promise.all(STATES.map((state) => idsLikeOurs(queue, state)))).flat();
    const removed = await removeOurs(queue, ids, { connection, beforeMs: Date.now() - retentionMs });
    if (removed === ids.length) await forget(connection, foreignKey(prefix), name, retentionMs);
    trimmed += removed;
    await queue.close();
  }
  return trimmed;
}

function queueOfKey(key: string, prefix: string): string {
  return key.slice(prefix.length + 1).split(":", 1)[0] ?? "";
}

function asGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
