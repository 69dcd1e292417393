import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpConfig, startHttp } from "@openticket/ingress";
import { makeDrain, makeLogger, makeMetrics, readConfig } from "@openticket/runtime";
import { connectStore, type StoreConnection, seedExampleData } from "@openticket/store";
import { startWorker, workerConfig } from "@openticket/worker";
import { testMongoUrl, testRedisUrl, uniqueName } from "./servers.ts";

/** What the secrets of webhooks are sealed with in tests. */
const TEST_SECRETS_KEY = Buffer.alloc(32, 7).toString("base64");

/** The whole product in this process, on a database and a queue prefix of its own, with the example data. */
export interface Stack {
  httpUrl: string;
  redisUrl: string;
  mongodbUrl: string;
  prefix: string;
  dataDir: string;
  credentials: { identifier: string; secret: string };
  store: StoreConnection;
  stop(): Promise<void>;
}

/**
 * Starts a {@link Stack}; `env` overrides single variables of the services, `withWorker: false` leaves the queue alone,
 * `prefix` names queue prefix and database where the caller must know them before.
 */
export async function startStack({
  env = {},
  withWorker = true,
  prefix = uniqueName("stack"),
}: {
  env?: Record<string, string>;
  withWorker?: boolean;
  prefix?: string;
} = {}): Promise<Stack> {
  const mongodbUrl = testMongoUrl(prefix);
  const redisUrl = testRedisUrl();
  const dataDir = await mkdtemp(join(tmpdir(), "openticket-stack-"));
  const credentials = { identifier: "tester", secret: randomBytes(12).toString("hex") };
  const environment = {
    MONGODB_URL: mongodbUrl,
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: prefix,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    MAIL_DOMAIN: "example.test",
    CLIENT_AREA_URL: "http://client-area.test",
    API_CREDENTIALS: `${credentials.identifier}:${credentials.secret}`,
    API_CREDENTIALS_ADMIN: "admin",
    SECRETS_KEY: TEST_SECRETS_KEY,
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? "silent",
    ...env,
  };
  const logger = makeLogger({ name: "stack", level: environment.LOG_LEVEL });
  const drain = makeDrain({ timeoutMs: 10_000, logger });
  const store = await connectStore({ url: mongodbUrl, appName: "stack", serverSelectionTimeoutMs: 5000 });
  await seedExampleData(store);
  if (withWorker) await startWorker(readConfig(workerConfig, environment), { logger, drain, metrics: makeMetrics() });
  const { url } = await startHttp(readConfig(httpConfig, environment), { logger, drain, metrics: makeMetrics() });
  return {
    httpUrl: url,
    redisUrl,
    mongodbUrl,
    prefix,
    dataDir,
    credentials,
    store,
    async stop() {
      await drain.drain();
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
