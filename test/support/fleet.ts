import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { type Running, startProcess } from "./processes.ts";
import { testMongoUrl, testRedisUrl, uniqueName } from "./servers.ts";

export const WORKER = "services/worker/dist/main.js";
export const DOOR = "services/ingress/dist/main-http.js";

/** Processes of the product on a database and a queue prefix of their own, with the example data. */
export interface Fleet {
  prefix: string;
  store: StoreConnection;
  credentials: { identifier: string; secret: string };
  /** Starts a program of the repository and waits until it is ready; `url` is where it listens. `onLine` hears what it prints. */
  start(program: string, env?: Record<string, string>, onLine?: (line: string) => void): Promise<Running & { url: string }>;
  stop(): Promise<void>;
}

/** See {@link Fleet}. What was started is killed by `stop`. */
export async function makeFleet(): Promise<Fleet> {
  const prefix = uniqueName("fleet");
  const dataDir = await mkdtemp(join(tmpdir(), "openticket-fleet-"));
  const store = await connectStore({ url: testMongoUrl(prefix), appName: "fleet", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
  const credentials = { identifier: "tester", secret: randomBytes(12).toString("hex") };
  const started: Running[] = [];
  const environment = {
    MONGODB_URL: testMongoUrl(prefix),
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: prefix,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    METRICS_PORT: "0",
    WORKER_LOCK_MS: "1000",
    MAIL_DOMAIN: "example.test",
    API_CREDENTIALS: `${credentials.identifier}:${credentials.secret}`,
    LOG_LEVEL: "info",
  };
  return {
    prefix,
    store,
    credentials,
    async start(program, env = {}, onLine) {
      const running = await startProcess(program, { ...environment, ...env }, [], onLine);
      started.push(running);
      return { ...running, url: /http:\/\/127\.0\.0\.1:\d+/.exec(running.readyLine)?.[0] ?? "" };
    },
    async stop() {
      for (const process of started.splice(0)) await process.kill("SIGKILL");
      await store.db.dropDatabase();
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
