import { REPLY_QUEUE_PREFIX } from "@openticket/contract";
import type { RedisConnection } from "./redis.ts";

/**
 * Who reads which reply queue, and since when nobody does.
 *
 * Two sorted sets under the prefix, queue name → time of the last sign of life in ms by Redis' own clock, so that the
 * clocks of the fleet do not matter: queues of our own requesters, which beat; and queues of foreign requesters, of
 * which we only know when something was last sent to them.
 */

/** A key of our own beside BullMQ's. It must not look like a key of a reply queue: the janitor removes those. */
export const houseKey = (prefix: string, name: string): string => `${prefix}:open-ticket-house:${name}`;
/** Key that stands while all doors are closed. */
export const closedKey = (prefix: string): string => houseKey(prefix, "doors-closed");
/** Key of the queues of our own requesters. */
export const ownersKey = (prefix: string): string => houseKey(prefix, "reply-owners");
/** Key of the queues of foreign requesters. */
export const foreignKey = (prefix: string): string => houseKey(prefix, "reply-foreign");
/** The name of a process and 16 random hex digits: see the requester. */
const OWN_REPLY_QUEUE = new RegExp(`^${REPLY_QUEUE_PREFIX}[\\w-]{0,60}-[0-9a-f]{16}$`);
/** True for a reply queue that our own code has made, and therefore may remove. */
export const isOwnReplyQueue = (queue: string): boolean => OWN_REPLY_QUEUE.test(queue);

const NOW = "local time = redis.call('TIME') local now = time[1] * 1000 + math.floor(time[2] / 1000)";
const BEAT = `${NOW} return redis.call('ZADD', KEYS[1], now, ARGV[1])`;
const NOTICE = `${NOW} return redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1])`;
const SILENT = `${NOW} return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])`;
const FORGET = `${NOW} local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
if seen and tonumber(seen) <= now - ARGV[2] then return redis.call('ZREM', KEYS[1], ARGV[1]) end return 0`;

/** A sign of life of that queue. */
export async function beat(connection: RedisConnection, key: string, queue: string): Promise<void> {
  await connection.eval(BEAT, 1, key, queue);
}

/** Registers a queue that was found, with a sign of life now, unless it is registered already. */
export async function notice(connection: RedisConnection, key: string, queue: string): Promise<void> {
  await connection.eval(NOTICE, 1, key, queue);
}

/** Queues without a sign of life for `silentMs`. */
export async function silentFor(connection: RedisConnection, key: string, silentMs: number): Promise<string[]> {
  const queues = await connection.eval(SILENT, 1, key, silentMs);
  return Array.isArray(queues) ? queues.map(String) : [];
}

/** Strikes a queue off, unless it has given a sign of life within `silentMs`. */
export async function forget(connection: RedisConnection, key: string, queue: string, silentMs: number): Promise<void> {
  await connection.eval(FORGET, 1, key, queue, silentMs);
}
