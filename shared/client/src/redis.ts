import type { Writable } from "node:stream";
import { Redis, type RedisOptions } from "ioredis";

/**
 * The one place that makes connections to Redis.
 *
 * Problem: a network that freezes without closing leaves a connection that says nothing for minutes, and a door must
 * answer quickly while a worker must wait.
 * Choice: `socketTimeout` on every connection: it is the only setting seen to end a frozen one; it does not disturb
 * an idle queue. Doors give up on a command after {@link COMMAND_TIMEOUT_MS}; workers never do.
 * Rejected: `commandTimeout` with `blockingTimeout` for workers (did not cure the freeze, and jobs were lost to `failed`).
 */

/** Above the 5 s that BullMQ blocks for, so that only a dead peer is this quiet, ms. */
const SOCKET_TIMEOUT_MS = 12_000;
/** A door's command that has no answer by then fails, ms. */
export const COMMAND_TIMEOUT_MS = 2000;
/** A door's connection attempt into nothing gives way to the next, ms. */
const CONNECT_TIMEOUT_MS = 2000;
const FIRST_RETRY_MS = 50;
/** Reconnection is tried at least this often, ms. */
const MAX_RETRY_MS = 1000;
/** Part of the delay that is random, so that a fleet does not come back in one moment. */
const JITTER = 0.5;
/** Lost connections that a door's command survives; with the delays above that is about 2 s. */
const DOOR_RETRIES = 1;

export interface RedisTarget {
  /** `redis://` or `rediss://` (TLS). */
  url: string;
  /** Shown in Redis' client list. */
  name: string;
  /** A door's commands fail in about 2 s; a worker's wait until Redis is back. */
  role: "door" | "worker";
  /** Hears of connection errors; the connection recovers by itself. */
  onError?: ((error: Error) => void) | undefined;
}

/** A connection that mends itself. Starts to connect at once. Errors are never thrown as events. */
export function connectRedis({ url, name, role, onError }: RedisTarget): Redis {
  const connection = new Redis(url, redisOptions({ name, role }));
  connection.on("error", onError ?? (() => undefined));
  connection.on("connect", () => writeOnceATurn(connection.stream));
  return connection;
}

/**
 * Commands of one turn of the event loop go out with one system call. ioredis makes one for each command, which was the
 * largest part of a busy process's time; a lone command waits for nothing.
 */
function writeOnceATurn(stream: Pick<Writable, "write" | "cork" | "uncork">): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let isCorked = false;
  const uncork = () => {
    isCorked = false;
    stream.uncork();
  };
  stream.write = (...args: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write(...args);
  };
}

/** The options behind {@link connectRedis}. */
export function redisOptions({ name, role }: Pick<RedisTarget, "name" | "role">) {
  const common = { connectionName: name, socketTimeout: SOCKET_TIMEOUT_MS, retryStrategy: (attempt: number) => retryDelayMs(attempt) } satisfies RedisOptions;
  const door = { maxRetriesPerRequest: DOOR_RETRIES, commandTimeout: COMMAND_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS } satisfies RedisOptions;
  return role === "door" ? { ...common, ...door } : { ...common, maxRetriesPerRequest: null };
}

/** Delay before the n-th reconnection (from 1), ms. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const fullMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10), MAX_RETRY_MS);
  return Math.round(fullMs * (1 - JITTER * random()));
}
