import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { connectStore, seedExampleData } from "@openticket/store";
import { Redis } from "ioredis";
import mongoose from "mongoose";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { BREAK_DOORS, type Programs } from "./breaks.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type FaultLog, makeFaultLog } from "./fault-log.ts";
import type { FaultDeps } from "./faults.ts";
import { type Fleet, makeFleet } from "./fleet.ts";
import { type Door, type Ledger, MAIL_DOORS, type MailDoor, makeLedger, WEBHOOK_DOORS } from "./ledger.ts";
import type { ChaosOptions } from "./options.ts";
import { type Producers, startProducers } from "./producers.ts";
import { makeRandom } from "./random.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { type Sink, startSink } from "./sink.ts";
import { setUpEndpoint, setUpSources, webhookEnvironment } from "./webhook-scene.ts";

/** Everything that a run needs, started and connected: databases, mail relay, endpoint, fleet, producers. */
export interface Scene {
  cluster: Cluster;
  redis: Redis;
  db: mongoose.mongo.Db;
  sink: Sink;
  receiver: Receiver;
  fleet: Fleet;
  ledger: Ledger;
  producers: Producers;
  faults: FaultLog;
  breaking: FaultDeps;
  env: Record<string, string>;
  /** Tells those who wait for it that a burst was sent. */
  burst(count: number): void;
}

export interface Stage {
  options: ChaosOptions;
  programs: Programs;
  say(line: string): void;
  dataDir: string;
  /** Closed in the reverse order, however the run ends. */
  closeLater(close: () => unknown): void;
}

/** Name of the database and of the queues. */
export const DATABASE = "chaos";
const CREDENTIALS = { identifier: "chaos", secret: "chaos-secret-of-this-run" };
/** On a busy machine the members need several elections until one of them stands, ms. */
const ELECTION_PATIENCE_MS = 120_000;
/** Above what any sender of a run sends. */
const MANY = "100000";
const WORKERS = 4;
const MANY_DOOR_KILLS = 10;
const SECRETS_KEY_BYTES = 32;
/** Of each kind that requests come through. */
const DOORS = 2;

/** Starts the scene; nothing is sent or broken yet. */
export async function prepare({ options, programs, say, dataDir, closeLater }: Stage): Promise<Scene> {
  const random = makeRandom(options.seed);
  const logFolder = join(dataDir, "logs");
  await mkdir(logFolder, { recursive: true });
  const cluster = await startCluster(dataDir, say);
  closeLater(() => cluster.stop());
  const mongoUrl = cluster.mongoUrl(DATABASE);
  const store = await connectStore({ url: mongoUrl, appName: "chaos", serverSelectionTimeoutMs: 20_000 });
  await seedExampleData(store);
  const receiver = await startReceiver(random.fork("receiver"));
  closeLater(() => receiver.close());
  const secretsKey = randomBytes(SECRETS_KEY_BYTES).toString("base64");
  const webhookSecrets = await setUpSources(store, secretsKey);
  receiver.setSecret(await setUpEndpoint(store, secretsKey, receiver.url));
  await store.close();
  const reading = { readConcernLevel: "majority", readPreference: "primary", serverSelectionTimeoutMS: ELECTION_PATIENCE_MS } as const;
  const client = await new mongoose.mongo.MongoClient(mongoUrl, reading).connect();
  closeLater(() => client.close());
  const redis = new Redis(cluster.redis.port, "127.0.0.1", { maxRetriesPerRequest: null, socketTimeout: 20_000 });
  redis.on("error", () => undefined);
  closeLater(() => redis.disconnect());
  const sink = await startSink(random.fork("sink"));
  closeLater(() => sink.close());
  const env = { ...environment({ mongoUrl, dataDir, sink, redisPort: cluster.redis.port }), ...webhookEnvironment(secretsKey) };
  const fleet = await makeFleet({ dist: programs, env, redisPort: cluster.redis.port, logFolder, workers: WORKERS, ...doorCounts(options) });
  closeLater(() => fleet.stop());
  const proxies = { sdk: await openTcpProxy(cluster.redis.port), raw: await openTcpProxy(cluster.redis.port) };
  closeLater(() => Promise.all([proxies.sdk.close(), proxies.raw.close()]));
  const ledger = makeLedger(join(dataDir, "ledger.jsonl"));
  closeLater(() => ledger.close());
  await Promise.all([...fleet.workers, ...fleet.doors].map((slot) => slot.up()));
  const doorRandom = random.fork("doors");
  const doorUrl = (scheme: "http" | MailDoor) => {
    const doors = scheme === "http" ? fleet.httpDoors : fleet.mailDoors;
    return (doorRandom.chance(0.5) ? doors : doors.toReversed()).map((slot) => slot.url(scheme)).find((url) => url !== undefined);
  };
  const producers = await startProducers({
    seed: options.seed,
    random: random.fork("requests"),
    ledger,
    doors: options.doors,
    credentials: CREDENTIALS,
    webhookSecrets,
    prefix: DATABASE,
    proxies,
    redisPort: cluster.redis.port,
    doorUrl,
  });
  closeLater(() => producers.close());
  const faults = makeFaultLog(ledger.note);
  const faultRandom = random.fork("faults");
  const bells: (() => void)[] = [];
  const nextBurst = () => new Promise<void>((resolve) => bells.push(() => setTimeout(resolve, faultRandom.between(0, 120))));
  const breaking = {
    cluster,
    fleet,
    random: faultRandom,
    log: faults,
    producerProxies: [proxies.sdk, proxies.raw],
    redis,
    doorKillsFactor: doorKillsFactor(options),
    nextBurst,
  };
  const burst = (count: number) => {
    producers.burst(count);
    for (const ring of bells.splice(0)) ring();
  };
  return { cluster, redis, db: client.db(DATABASE), sink, receiver, fleet, ledger, producers, faults, breaking, env, burst };
}

/** What a broken door has promised is lost only with the door. */
function doorKillsFactor({ breakName }: ChaosOptions): number {
  return breakName !== undefined && BREAK_DOORS[breakName] !== undefined ? MANY_DOOR_KILLS : 1;
}

function doorCounts({ doors }: ChaosOptions): { httpDoors: number; mailDoors: number } {
  const viaHttp: readonly Door[] = ["api", "rest", "async", ...WEBHOOK_DOORS];
  const viaMail: readonly Door[] = MAIL_DOORS;
  const countOf = (kinds: readonly Door[]) => (doors.some((door) => kinds.includes(door)) ? DOORS : 0);
  return { httpDoors: countOf(viaHttp), mailDoors: countOf(viaMail) };
}

function environment({ mongoUrl, dataDir, sink, redisPort }: { mongoUrl: string; dataDir: string; sink: Sink; redisPort: number }): Record<string, string> {
  return {
    MONGODB_URL: mongoUrl,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    QUEUE_PREFIX: DATABASE,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    HTTP_REPLY_TIMEOUT_MS: "8000",
    METRICS_PORT: "0",
    SMTP_PORT: "0",
    LMTP_PORT: "0",
    MAIL_AUTH: "off",
    MAIL_SENDER_MAX: MANY,
    MAIL_SENDER_ANSWERED: MANY,
    // Four workers share the cores of one machine.
    MAIL_PARSER_THREADS: "1",
    WORKER_LOCK_MS: "5000",
    SMTP_URL: sink.url,
    MAIL_DOMAIN: "chaos.example.test",
    API_CREDENTIALS: `${CREDENTIALS.identifier}:${CREDENTIALS.secret}`,
    LOG_LEVEL: "info",
  };
}
