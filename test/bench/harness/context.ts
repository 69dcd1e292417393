import { Redis } from "ioredis";
import mongoose from "mongoose";
import { usageOfPid } from "../../support/usage.ts";
import { BENCH_DEPARTMENT, BENCH_MAILBOX, MAILING_DEPARTMENT } from "./tickets.ts";

/** What every row gets: the servers of this run, and how much to do. */
export interface BenchContext {
  mongodbUrl: string;
  redisUrl: string;
  isQuick: boolean;
  /** Rounds of each row. */
  rounds: number;
  /** What the databases of this run have spent so far. */
  databases: Record<"mongod" | "redis", { usage(): { cpuMs: number; rssBytes: number } }>;
  /** A connection of its own, closed at the end of the run. */
  redis(): Redis;
  /** Environment of a process of the product or of a baseline on this queue prefix. */
  env(prefix: string): Record<string, string>;
  close(): void;
}

/** Credentials that the HTTP door of a benchmark takes. */
export const BENCH_CREDENTIALS = { identifier: "bench", secret: "bench-secret" };

/** Makes the departments that the sample tickets are for: one without staff, so that no mails are owed, with a mailbox, and one that answers each opener. */
export async function addDepartments(connection: mongoose.Connection): Promise<void> {
  const options = { clientsOnly: false, repliesOnly: false, preventClientClosure: false, hidden: false, staff: [] };
  const departments = [
    { _id: BENCH_DEPARTMENT, id: BENCH_DEPARTMENT, name: "Benchmark", noAutoresponder: true, ...options },
    { _id: MAILING_DEPARTMENT, id: MAILING_DEPARTMENT, name: "Benchmark with mail", email: "bench@example.test", noAutoresponder: false, ...options },
  ];
  for (const department of departments)
    await connection.collection<{ _id: number }>("departments").replaceOne({ _id: department._id }, department, { upsert: true });
  const mailbox = { address: BENCH_MAILBOX, deptid: BENCH_DEPARTMENT };
  await connection.collection<{ _id: string }>("mailboxes").replaceOne({ _id: BENCH_MAILBOX }, mailbox, { upsert: true });
}

/** See {@link BenchContext}. */
export async function makeContext({
  mongodbUrl,
  redisUrl,
  isQuick,
  dataDir,
}: {
  mongodbUrl: string;
  redisUrl: string;
  isQuick: boolean;
  dataDir: string;
}): Promise<BenchContext> {
  const connections: Redis[] = [];
  const pids = await pidsOf(mongodbUrl, redisUrl);
  return {
    mongodbUrl,
    redisUrl,
    isQuick,
    rounds: isQuick ? 1 : 3,
    databases: { mongod: { usage: () => usageOfPid(pids.mongod) }, redis: { usage: () => usageOfPid(pids.redis) } },
    redis() {
      const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
      connections.push(connection);
      return connection;
    },
    env: (prefix) => ({
      MONGODB_URL: mongodbUrl,
      REDIS_URL: redisUrl,
      QUEUE_PREFIX: prefix,
      DATA_DIR: dataDir,
      HTTP_PORT: "0",
      SMTP_PORT: "0",
      METRICS_PORT: "0",
      // Six digits are taken up by a few rounds of twenty thousand.
      TICKET_MASK: "%n%n%n%n%n%n%n%n%n%n",
      API_CREDENTIALS: `${BENCH_CREDENTIALS.identifier}:${BENCH_CREDENTIALS.secret}`,
      LOG_LEVEL: "info",
      NODE_ENV: "production",
    }),
    close() {
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** Memory that Redis has in use, bytes. */
export async function redisMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
}

/** What the keys of Redis take up, bytes: without the buffers of its connections, which come and go by tens of kB. */
export async function bytesOfKeys(redis: Redis): Promise<number> {
  const keys = await redis.keys("*");
  const sizes = await Promise.all(keys.map((key) => redis.memory("USAGE", key, "SAMPLES", 0)));
  return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0);
}

/** The databases name their processes themselves. */
async function pidsOf(mongodbUrl: string, redisUrl: string): Promise<Record<"mongod" | "redis", number>> {
  const redis = new Redis(redisUrl);
  const connection = await mongoose.createConnection(mongodbUrl).asPromise();
  try {
    const status = await connection.db?.admin().serverStatus();
    const [, redisPid] = /process_id:(\d+)/.exec(await redis.info("server")) ?? [];
    return { mongod: Number(status?.pid), redis: Number(redisPid) };
  } finally {
    redis.disconnect();
    await connection.close();
  }
}
