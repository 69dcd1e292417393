import type { Writable } from "node:stream";
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { BadRedisUrl } from "./errors.ts";
import { type HostAndPort, type Login, prefixFault, REDIS_URL_FORMS, type RedisPlace, readRedisUrl } from "./redis-url.ts";

/**
 * The one place that makes connections to Redis.
 *
 * Problem: a network that freezes without closing leaves a connection that says nothing for minutes, and a door must
 * answer quickly while a worker must wait.
 * Choice: `socketTimeout` on every connection: it is the only setting seen to end a frozen one; it does not disturb
 * an idle queue. Doors give up on a command after {@link COMMAND_TIMEOUT_MS}; workers never do.
 * Rejected: `commandTimeout` with `blockingTimeout` for workers (did not cure the freeze, and jobs were lost to `failed`).
 */

/** A connection to one server, to whichever server the Sentinels name, or to a cluster. */
export type RedisConnection = Redis | Cluster;

/** Above the 5 s that BullMQ blocks for, so that only a dead peer is this quiet, ms. */
const SOCKET_TIMEOUT_MS = 12_000;
/** A door's command that has no answer by then fails, ms. It may be done all the same. */
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
  /** One of the forms of `redis-url.ts`. */
  url: string;
  /** Key prefix of the queues: a cluster wants a hash tag in it. */
  prefix: string;
  /** Shown in Redis' client list. */
  name: string;
  /** A door's commands fail in about 2 s; a worker's wait until Redis is back. */
  role: "door" | "worker";
  /** Hears of connection errors; the connection recovers by itself. */
  onError?: ((error: Error) => void) | undefined;
}

/** Delay before a cluster's command is sent again while it changes its primaries, ms, and how often: a worker outlasts a failover. */
const FAILOVER_RETRY_MS = 200;
const FAILOVER_RETRIES = { door: 10, worker: 150 };

/** A connection that mends itself. Starts to connect at once. Errors are never thrown as events. Throws {@link BadRedisUrl}. */
export function connectRedis({ url, prefix, name, role, onError }: RedisTarget): RedisConnection {
  const place = readRedisUrl(url);
  if (!place) throw new BadRedisUrl(`the Redis URL is none that is known; expected ${REDIS_URL_FORMS}`);
  const fault = prefixFault(place, prefix);
  if (fault) throw new BadRedisUrl(fault);
  const connection = open(place, { name, role });
  connection.on("error", (error) => {
    const told = isMissingDatabase(error) ? refuseDatabase(connection, error) : error;
    onError?.(told);
  });
  return connection;
}

/** What Redis answers to the number of a database that it has not, or not for this user. */
function isMissingDatabase({ message }: Error): boolean {
  return /DB index|SELECT is not allowed|'select' command/i.test(message);
}

/** Left to itself the connection would go on in database 0, among what is others'. This one is not ready until there is such a database. */
function refuseDatabase(connection: RedisConnection, cause: Error): BadRedisUrl {
  connection.disconnect(true);
  return new BadRedisUrl(`Redis has no such database; REDIS_URL names one by the number in its path`, { cause });
}

type MemberOptions = ReturnType<typeof redisOptions> & Login & { tls?: object };

function open(place: RedisPlace, named: Pick<RedisTarget, "name" | "role">): RedisConnection {
  const options = redisOptions(named);
  if (place.kind === "server") return corked(new Redis(place.url, options));
  const secured: MemberOptions = { ...options, ...place.login, ...(place.isTls && { tls: {} }) };
  if (place.kind === "cluster") return openCluster(place.hosts, withoutRetries(secured), named.role);
  return corked(
    new Redis({
      ...secured,
      sentinels: place.hosts,
      name: place.primary,
      sentinelRetryStrategy: retryDelayMs,
      ...(place.isTls && { enableTLSForSentinelMode: true }),
    }),
  );
}

function openCluster(hosts: HostAndPort[], redisOptions: Omit<MemberOptions, "retryStrategy">, role: RedisTarget["role"]): Cluster {
  const cluster = new Cluster(hosts, {
    redisOptions,
    clusterRetryStrategy: (attempt) => retryDelayMs(attempt),
    maxRedirections: FAILOVER_RETRIES[role],
    retryDelayOnFailover: FAILOVER_RETRY_MS,
    retryDelayOnClusterDown: FAILOVER_RETRY_MS,
    // A member that has gone is noticed by the others' words, not only by its silence.
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
  } satisfies ClusterOptions);
  cluster.on("+node", corked);
  return cluster;
}

/** A cluster reconnects its members itself. */
function withoutRetries<T extends { retryStrategy: unknown }>({ retryStrategy: _, ...rest }: T): Omit<T, "retryStrategy"> {
  return rest;
}

function corked(connection: Redis): Redis {
  connection.on("connect", () => writeOnceATurn(connection.stream));
  return connection;
}

/** Hears each time that a connection is lost, of a cluster that to any of its members. */
export function onLoss(connection: RedisConnection, hear: () => void): void {
  if (!(connection instanceof Cluster)) return void connection.on("close", hear);
  for (const member of connection.nodes()) member.on("close", hear);
  connection.on("+node", (member: Redis) => member.on("close", hear));
}

/** The servers behind a connection that may be written to: what looks at a whole server must ask each. */
export function serversOf(connection: RedisConnection): Redis[] {
  return connection instanceof Cluster ? connection.nodes("master") : [connection];
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
  const common = {
    connectionName: name,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt: number) => retryDelayMs(attempt),
    // A primary that became a replica: connect again, find the new one, send the command there.
    reconnectOnError: ({ message }: Error) => (message.startsWith("READONLY") ? 2 : false),
  } satisfies RedisOptions;
  const door = { maxRetriesPerRequest: DOOR_RETRIES, commandTimeout: COMMAND_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS } satisfies RedisOptions;
  return role === "door" ? { ...common, ...door } : { ...common, maxRetriesPerRequest: null };
}

/** Delay before the n-th reconnection (from 1), ms. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const fullMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10), MAX_RETRY_MS);
  return Math.round(fullMs * (1 - JITTER * random()));
}
