import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { prepareDataFolder } from "./data-folder.ts";
import { lockDataFolder } from "./lock.ts";
import { startMongo } from "./mongod.ts";
import { ensureMongo } from "./programs/ensure-mongo.ts";
import { ensureRedis } from "./programs/ensure-redis.ts";
import { startRedis } from "./redis.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Progress } from "./start-failure.ts";

export interface StartDatabases {
  /** Folder of the embedded databases; made when missing. */
  dataDir: string;
  /** `MONGODB_URL` and `REDIS_URL` of it are used instead of an embedded database; `PATH` is searched for programs. */
  env: Record<string, string | undefined>;
  progress: Progress;
  /** Folder of downloaded programs; unset: `OPENTICKET_CACHE_DIR`, else `XDG_CACHE_HOME/openticket`, else `~/.cache/openticket`. */
  cacheDir?: string | undefined;
}

export interface Databases {
  mongodbUrl: string;
  redisUrl: string;
  /** Resolves with one clear line when an embedded database has ended without being asked to. */
  died: Promise<string>;
  /** Stops what was started, waits for it, and frees the data folder. */
  stop(): Promise<void>;
}

/** Name of the database in the embedded MongoDB. */
const DATABASE = "openticket";

/**
 * The databases of a standalone start: those that the environment names, else embedded ones on loopback with their data
 * in `dataDir`. Throws StartFailure, with one clear line, when something is missing or in the way; nothing keeps running then.
 */
export async function startDatabases({ dataDir: given, env, progress, cacheDir }: StartDatabases): Promise<Databases> {
  const { MONGODB_URL: mongodbUrl, REDIS_URL: redisUrl } = env;
  if (mongodbUrl) progress("MongoDB: the one of MONGODB_URL");
  if (redisUrl) progress("Redis: the one of REDIS_URL");
  if (mongodbUrl && redisUrl) return { mongodbUrl, redisUrl, died: new Promise(() => {}), stop: async () => {} };

  const dataDir = resolve(given);
  await prepareDataFolder(dataDir);
  const lock = await lockDataFolder(dataDir);
  const started: ServerProcess[] = [];
  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    await Promise.all(started.map((server) => server.stop()));
    await lock.release();
  };
  try {
    const kept = cacheDir || cacheFolder(env);
    const [mongod, redis] = [
      mongodbUrl ? undefined : await ensureMongo({ env, cacheDir: kept, progress }),
      redisUrl ? undefined : await ensureRedis({ env, cacheDir: kept, progress }),
    ];
    const logFolder = join(dataDir, "logs");
    await mkdir(logFolder, { recursive: true });
    const keep = (server: ServerProcess) => void started.push(server);
    const starts = await Promise.allSettled([
      mongod
        ? startMongo({ program: mongod, dataDir, logFolder, progress, onSpawn: keep }).then((url) => `${url.origin}/${DATABASE}?${url.query}`)
        : (mongodbUrl ?? ""),
      redis ? startRedis({ program: redis, dataDir, logFolder, progress, onSpawn: keep }) : (redisUrl ?? ""),
    ]);
    const [mongo, valkey] = starts.map(resultOf);
    const died = new Promise<string>((resolve) => {
      for (const { pid, logPath, ended } of started) {
        void ended.then((how) => isStopping || resolve(`a database (process ${pid}) has ended by ${how}; its last words are in ${logPath}`));
      }
    });
    return { mongodbUrl: mongo ?? "", redisUrl: valkey ?? "", died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function cacheFolder(env: Record<string, string | undefined>): string {
  return env.OPENTICKET_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "openticket");
}

function resultOf(settled: PromiseSettledResult<string>): string {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}
