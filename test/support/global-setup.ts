import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearDataFolder, type Databases, startDatabases } from "@openticket/standalone";
import mongoose from "mongoose";

const FOLDER = "openticket-test-";

/** Started once though two levels ask for it; a global because each level loads this file for itself. */
declare global {
  var openticketTestServers: Promise<Databases & { dataDir: string }> | undefined;
}

/**
 * Gives the run a real MongoDB and a real Redis in `MONGODB_URL` and `REDIS_URL`. `OPENTICKET_TEST_USE_ENV=1` takes those
 * that are set already. They are stopped, and their data removed, when the run ends.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const isFirst = globalThis.openticketTestServers === undefined;
  globalThis.openticketTestServers ??= start();
  const { mongodbUrl, redisUrl, dataDir, stop } = await globalThis.openticketTestServers;
  Object.assign(process.env, { MONGODB_URL: mongodbUrl, REDIS_URL: redisUrl });
  if (!isFirst) return undefined;
  return async () => {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function start(): Promise<Databases & { dataDir: string }> {
  await removeLeftovers();
  const useGiven = process.env.OPENTICKET_TEST_USE_ENV === "1";
  const { MONGODB_URL, REDIS_URL, OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const dataDir = await mkdtemp(join(tmpdir(), FOLDER));
  const env = { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME, ...(useGiven && { MONGODB_URL, REDIS_URL }) };
  const databases = await startDatabases({ dataDir, env, progress: (line) => console.log(line) });
  await keepExpired(databases.mongodbUrl);
  return { ...databases, dataDir };
}

/** The times in tests are past: once a minute MongoDB would take away what they have just stored. */
async function keepExpired(mongodbUrl: string): Promise<void> {
  const connection = await mongoose.createConnection(mongodbUrl).asPromise();
  await connection.db?.admin().command({ setParameter: 1, ttlMonitorEnabled: false });
  await connection.close();
}

/** Of runs that were killed: their databases may be running still. A folder that is in use is left alone. */
async function removeLeftovers(): Promise<void> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(FOLDER));
  for (const folder of folders) await clearDataFolder(join(tmpdir(), folder), (line) => console.log(line));
}
