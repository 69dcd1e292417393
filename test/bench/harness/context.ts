import { Redis } from "ioredis";
import type mongoose from "mongoose";
import { BENCH_DEPARTMENT } from "./tickets.ts";

/** What every row gets: the servers of this run, and how much to do. */
export interface BenchContext {
  mongodbUrl: string;
  redisUrl: string;
  isQuick: boolean;
  /** Rounds of each row. */
  rounds: number;
  /** A connection of its own, closed at the end of the run. */
  redis(): Redis;
  /** Environment of a process of the product or of a baseline on this queue prefix. */
  env(prefix: string): Record<string, string>;
  close(): void;
}

/** Credentials that the HTTP door of a benchmark takes. */
export const BENCH_CREDENTIALS = { identifier: "bench", secret: "bench-secret" };

/** Makes the department that the sample tickets are for: without staff, so that no mails are owed. */
export async function addDepartment(connection: mongoose.Connection): Promise<void> {
  const options = { clientsOnly: false, repliesOnly: false, noAutoresponder: true, preventClientClosure: false, hidden: false, staff: [] };
  const department = { _id: BENCH_DEPARTMENT, id: BENCH_DEPARTMENT, name: "Benchmark", ...options };
  await connection.collection<{ _id: number }>("departments").replaceOne({ _id: BENCH_DEPARTMENT }, department, { upsert: true });
}

/** See {@link BenchContext}. */
export function makeContext({
  mongodbUrl,
  redisUrl,
  isQuick,
  dataDir,
}: {
  mongodbUrl: string;
  redisUrl: string;
  isQuick: boolean;
  dataDir: string;
}): BenchContext {
  const connections: Redis[] = [];
  return {
    mongodbUrl,
    redisUrl,
    isQuick,
    rounds: isQuick ? 1 : 3,
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
      METRICS_PORT: "0",
      WORKER_CONCURRENCY: "200",
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
