import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensureMongo, ensureRedis, freePort, type ServerProcess, spawnMongod, spawnRedis } from "@openticket/standalone";
import mongoose from "mongoose";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";

/**
 * The databases of a chaos run: a replica set of three, and a Redis with an append-only file.
 *
 * Each member is reached through a proxy of its own, by the services and by the other members alike: the proxies' ports
 * are what the set's configuration names, so that a driver that learns of the members keeps to them.
 */
export interface Cluster {
  /** Through the proxies, without a database in the path. */
  mongoUrl(database: string): string;
  members: Member[];
  redis: Server;
  /** Runs a command on the member, past its proxy. */
  command(member: Member, command: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The member that may be written to; undefined while there is none. */
  primary(): Promise<Member | undefined>;
  stop(): Promise<void>;
}

/** One database program, which can be broken and mended. */
export interface Server {
  port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface Member extends Server {
  name: string;
  proxy: TcpProxy;
}

const REPLICA_SET = "chaos";
const MEMBERS = 3;
/** A member without news of its primary calls for an election after this long, ms; MongoDB's own 10 s would make a run of waiting. */
const ELECTION_TIMEOUT_MS = 3000;
const HEARTBEAT_MS = 1000;
const START_TIMEOUT_MS = 60_000;
const ADMIN_TIMEOUT_MS = 3000;

/** Starts a {@link Cluster} with its data and logs in `dataDir`. */
export async function startCluster(dataDir: string, progress: (line: string) => void): Promise<Cluster> {
  const cacheDir = cacheFolder();
  const [mongod, valkey] = [await ensureMongo({ env: {}, cacheDir, progress }), await ensureRedis({ env: {}, cacheDir, progress })];
  const logFolder = join(dataDir, "logs");
  await mkdir(logFolder, { recursive: true });
  const members = await Promise.all(
    Array.from({ length: MEMBERS }, async (_, index): Promise<Member & { stop(): Promise<void> }> => {
      const name = `mongo-${index + 1}`;
      const start = (port: number) =>
        spawnMongod({ program: mongod, folder: join(dataDir, name), port, replicaSet: REPLICA_SET, logPath: join(logFolder, `${name}.log`) });
      const server = await startServer(start);
      return { ...server, name, proxy: await openTcpProxy(server.port) };
    }),
  );
  const redis = await startServer((port) => spawnRedis({ program: valkey, folder: join(dataDir, "redis"), port, logPath: join(logFolder, "redis.log") }));
  const cluster: Cluster = {
    mongoUrl: (database) => `mongodb://${members.map(hostOf).join(",")}/${database}?replicaSet=${REPLICA_SET}`,
    members,
    redis,
    command: runOn,
    primary: () => primaryOf(members),
    async stop() {
      await Promise.all([...members, redis].map((server) => server.stop()));
      await Promise.all(members.map(({ proxy }) => proxy.close()));
    },
  };
  try {
    await initiate(members);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

const hostOf = ({ proxy }: Member): string => `127.0.0.1:${proxy.port}`;

function cacheFolder(): string {
  const { OPENTICKET_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  return OPENTICKET_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "openticket");
}

async function startServer(start: (port: number) => Promise<ServerProcess>): Promise<Server & { stop(): Promise<void> }> {
  const port = await freePort();
  let running = await start(port);
  // Should this process be ended, a stopped server would not hear that it is to stop.
  process.once("exit", () => !running.hasEnded() && process.kill(running.pid, "SIGKILL"));
  return {
    port,
    kill: () => running.kill(),
    async restart() {
      if (!running.hasEnded()) return;
      running = await start(port);
    },
    freeze: () => void process.kill(running.pid, "SIGSTOP"),
    thaw: () => void process.kill(running.pid, "SIGCONT"),
    stop: () => running.kill(),
  };
}

async function initiate(members: Member[]): Promise<void> {
  const [first] = members;
  if (!first) throw new Error("no members");
  await until("the first member to answer", () => runOn(first, { ping: 1 }).catch(() => undefined), START_TIMEOUT_MS);
  const config = {
    _id: REPLICA_SET,
    members: members.map((member, _id) => ({ _id, host: hostOf(member) })),
    settings: { electionTimeoutMillis: ELECTION_TIMEOUT_MS, heartbeatIntervalMillis: HEARTBEAT_MS },
  };
  await until(
    "the replica set",
    async () => (await Promise.all(members.map((member) => runOn(member, { ping: 1 }))).catch(() => undefined)) !== undefined,
    START_TIMEOUT_MS,
  );
  await runOn(first, { replSetInitiate: config });
  await until("a primary", () => primaryOf(members), START_TIMEOUT_MS);
}

async function primaryOf(members: Member[]): Promise<Member | undefined> {
  const hellos = await Promise.all(members.map((member) => runOn(member, { hello: 1 }).catch(() => ({ isWritablePrimary: false }))));
  return members.find((_, index) => hellos[index]?.isWritablePrimary === true);
}

async function runOn({ port }: Server, command: Record<string, unknown>): Promise<Record<string, unknown>> {
  const client = new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: ADMIN_TIMEOUT_MS,
    connectTimeoutMS: ADMIN_TIMEOUT_MS,
    socketTimeoutMS: ADMIN_TIMEOUT_MS,
  });
  try {
    return await client.db("admin").command(command);
  } finally {
    await client.close();
  }
}
