import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RedisConnection, reachRedis } from "@openticket/client";
import { DEFAULT_QUEUE_PREFIX } from "@openticket/contract";
import { messageOf, networkFault } from "@openticket/runtime";
import { connectStore, makeStoreClock, type StoreClock, type StoreConnection } from "@openticket/store";
import { z } from "zod";
import { CliFailure } from "./failure.ts";

/** How long an operator waits for MongoDB to be found, ms. */
const PATIENCE_MS = 5000;
/** How long MongoDB may look through everything, ms: an audit of ten million tickets takes minutes. */
const LONGEST_LOOK_MS = 600_000;
/** Written by `npm start` into its data folder while it runs. */
const ADDRESS_FILE = "databases.json";
/** Of workers without a relay, in their data folder. */
export const MAIL_FOLDER = "sent";
/** Kept by `npm start` in its data folder. */
const KEY_FILE = "secrets-key";

export interface Places {
  mongodbUrl?: string | undefined;
  redisUrl?: string | undefined;
  prefix?: string | undefined;
}

/** Connections that are made when a command asks for them, and closed together. */
export interface Connections {
  choose(places: Places): void;
  store(): Promise<StoreConnection>;
  /** The store's time, for what is held against other processes' times. */
  clock(): Promise<StoreClock>;
  redis(): Promise<{ connection: RedisConnection; url: string; prefix: string }>;
  /** Where `npm start`, whose database it is, writes mails to files; undefined where another database is named. */
  mailFolder(): string | undefined;
  /** What the secrets of webhooks are sealed with: SECRETS_KEY, else that of `npm start`; undefined where there is none. */
  secretsKey(): string | undefined;
  /** Networks beside the public internet that endpoints may be in: EVENTS_ALLOWED_NETWORKS. */
  eventNetworks(): string[];
  close(): Promise<void>;
}

/** See {@link Connections}. Throws {@link CliFailure} where nothing says where a database is. */
export function makeConnections(env: Record<string, string | undefined>): Connections {
  let chosen: Places = {};
  let store: Promise<StoreConnection> | undefined;
  let clock: Promise<StoreClock> | undefined;
  let redis: ReturnType<Connections["redis"]> | undefined;
  const closers: (() => unknown)[] = [];

  // Of the environment an empty value is none, as for the services.
  const told = () => ({
    mongodbUrl: chosen.mongodbUrl || env.MONGODB_URL,
    redisUrl: chosen.redisUrl || env.REDIS_URL,
    queuePrefix: chosen.prefix || env.QUEUE_PREFIX,
  });
  const prefix = () => told().queuePrefix || (!told().redisUrl && runningDatabases(env).queuePrefix) || DEFAULT_QUEUE_PREFIX;

  async function openStore(): Promise<StoreConnection> {
    const url = told().mongodbUrl || runningDatabases(env).mongodbUrl || missing("MongoDB", "MONGODB_URL", "--mongodb-url");
    // An audit has more questions than there are connections: the last one waits for several others.
    const patience = { serverSelectionTimeoutMs: PATIENCE_MS, socketTimeoutMs: LONGEST_LOOK_MS, waitQueueTimeoutMs: 0 };
    const opened = await connectStore({ url, appName: "opentickets", ...patience, maxPoolSize: 5, makesIndexes: false, queuePrefix: prefix() });
    closers.push(() => opened.close());
    return opened;
  }

  const storeOnce = () => (store ??= openStore());

  async function startClock(): Promise<StoreClock> {
    const started = await makeStoreClock(await storeOnce());
    closers.push(() => started.close());
    return started;
  }

  async function openRedis(): ReturnType<Connections["redis"]> {
    const url = told().redisUrl || runningDatabases(env).redisUrl || missing("Redis", "REDIS_URL", "--redis-url");
    const connection = await reachRedis({ url, prefix: prefix(), name: "opentickets", role: "door" }).catch((error: unknown) => {
      throw new CliFailure(`${messageOf(error)}; REDIS_URL, or --redis-url, says where it is`);
    });
    closers.push(() => connection.disconnect());
    return { connection, url, prefix: prefix() };
  }

  return {
    choose(places) {
      chosen = places;
    },
    store: storeOnce,
    clock: () => (clock ??= startClock()),
    redis: () => (redis ??= openRedis()),
    eventNetworks: () => networksIn(env.EVENTS_ALLOWED_NETWORKS ?? ""),
    mailFolder: () => (told().mongodbUrl ? undefined : join(dataFolder(env), MAIL_FOLDER)),
    secretsKey: () => env.SECRETS_KEY || keptKey(env),
    close: async () => void (await Promise.all(closers.map((closeOne) => closeOne()))),
  };
}

function networksIn(text: string): string[] {
  const networks = text.split(",").flatMap((network) => network.trim() || []);
  const fault = networks.map(networkFault).find((message) => message !== undefined);
  if (fault !== undefined) throw new CliFailure(`EVENTS_ALLOWED_NETWORKS: ${fault}`, 2);
  return networks;
}

const addresses = z.object({ mongodbUrl: z.string(), redisUrl: z.string(), queuePrefix: z.string().optional() });

function runningDatabases(env: Record<string, string | undefined>): Partial<z.infer<typeof addresses>> {
  try {
    return addresses.parse(JSON.parse(readFileSync(join(dataFolder(env), ADDRESS_FILE), "utf8")));
  } catch {
    return {};
  }
}

function keptKey(env: Record<string, string | undefined>): string | undefined {
  try {
    return readFileSync(join(dataFolder(env), KEY_FILE), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function dataFolder(env: Record<string, string | undefined>): string {
  return env.DATA_DIR || ".data";
}

function missing(name: string, variable: string, option: string): never {
  throw new CliFailure(`Where is ${name}? Set ${variable} or ${option}, or start the product with npm start in this folder.`, 2);
}
