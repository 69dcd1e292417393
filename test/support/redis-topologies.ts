import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ensureRedis, freePort } from "@openticket/standalone";
import { Redis } from "ioredis";
import { until } from "./until.ts";

/** Several servers on loopback that keep one data set alive between them. */
export interface Topology {
  /** For `REDIS_URL`. */
  url: string;
  /** What its servers say of themselves. */
  members(): Promise<{ primaries: number; replicas: number }>;
  /** Kills the server that takes writes for `key`, and ends when another takes them. */
  failOver(key: string): Promise<void>;
  stop(): Promise<void>;
}

interface Server {
  port: number;
  process: ChildProcess;
  /** Answers within the time of one question, or throws. */
  ask(...command: [string, ...(string | number)[]]): Promise<unknown>;
  kill(): Promise<void>;
}

const SLOTS = 16_384;
/** After this long without an answer a member counts as dead, ms. */
const NODE_TIMEOUT_MS = 1000;
const READY_TIMEOUT_MS = 30_000;

/** A cluster of three primaries with a replica each, with an append-only file. */
export const startCluster = (): Promise<Topology> => inHall(makeCluster);

async function makeCluster(hall: Hall): Promise<Members> {
  const options = { "cluster-enabled": "yes", "cluster-node-timeout": NODE_TIMEOUT_MS, "cluster-config-file": "nodes.conf" };
  const members = await Promise.all(Array.from({ length: 6 }, () => hall.start(options)));
  const [first] = members;
  if (!first) throw new Error("no members");
  const [primaries, replicas] = [members.slice(0, 3), members.slice(3)];
  for (const { port } of members) await first.ask("CLUSTER", "MEET", "127.0.0.1", port);
  for (const [index, primary] of primaries.entries()) {
    const bounds = [index, index + 1].map((part) => Math.floor((SLOTS / 3) * part));
    await primary.ask("CLUSTER", "ADDSLOTSRANGE", bounds[0] ?? 0, (bounds[1] ?? SLOTS) - 1);
  }
  await until("the members to know one another", async () => (await allSay(members, /cluster_known_nodes:6/)) || undefined, READY_TIMEOUT_MS);
  for (const [index, replica] of replicas.entries()) {
    const id = String(await primaries[index]?.ask("CLUSTER", "MYID"));
    await until("a replica", () => replica.ask("CLUSTER", "REPLICATE", id).catch(() => undefined), READY_TIMEOUT_MS);
  }
  await until("the cluster", async () => (await allSay(members, /cluster_state:ok/)) || undefined, READY_TIMEOUT_MS);
  await until("the replicas' links", async () => (await linked(replicas)) || undefined, READY_TIMEOUT_MS);
  return {
    members: () => roles(members),
    url: `redis+cluster://${members.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    async failOver(key) {
      const slot = Number(await first.ask("CLUSTER", "KEYSLOT", key));
      const holder = primaries[Math.min(2, Math.floor(slot / (SLOTS / 3)))];
      const heir = replicas[primaries.indexOf(holder ?? first)];
      await holder?.kill();
      await until("the replica to take over", async () => (heir && (await isPrimary(heir))) || undefined, READY_TIMEOUT_MS);
    },
  };
}

/** A primary with a replica, watched by three Sentinels. */
export const startSentinels = (): Promise<Topology> => inHall(makeSentinels);

async function makeSentinels(hall: Hall): Promise<Members> {
  const primary = await hall.start({});
  const replica = await hall.start({ replicaof: `127.0.0.1 ${primary.port}` });
  await until("the replica's link", async () => (await linked([replica])) || undefined, READY_TIMEOUT_MS);
  const lines = [
    `sentinel monitor intake 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds intake ${NODE_TIMEOUT_MS}`,
    "sentinel failover-timeout intake 5000",
  ];
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => hall.startSentinel(lines)));
  const know = (sentinel: Server) => sentinel.ask("SENTINEL", "MASTER", "intake").then((answer) => /num-other-sentinels,2/.test(String(answer)));
  await until("the Sentinels to know one another", async () => (await Promise.all(sentinels.map(know))).every(Boolean) || undefined, READY_TIMEOUT_MS);
  const knowReplica = (sentinel: Server) => sentinel.ask("SENTINEL", "MASTER", "intake").then((answer) => /num-slaves,1/.test(String(answer)));
  await until("the Sentinels to know the replica", async () => (await Promise.all(sentinels.map(knowReplica))).every(Boolean) || undefined, READY_TIMEOUT_MS);
  return {
    members: () => roles([primary, replica]),
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/intake`,
    async failOver() {
      await primary.kill();
      await until("the replica to take over", async () => (await isPrimary(replica)) || undefined, READY_TIMEOUT_MS);
    },
  };
}

type Hall = Awaited<ReturnType<typeof openHall>>;
type Members = Omit<Topology, "stop">;

/** What cannot be made whole leaves no server behind. */
async function inHall(make: (hall: Hall) => Promise<Members>): Promise<Topology> {
  const hall = await openHall();
  try {
    return { ...(await make(hall)), stop: hall.close };
  } catch (error) {
    await hall.close();
    throw error;
  }
}

/** Where servers are started, and all of them stopped. */
async function openHall() {
  const cacheDir = process.env.OPENTICKET_CACHE_DIR || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "openticket");
  const program = await ensureRedis({ env: process.env, cacheDir, progress: () => undefined });
  const folder = await mkdtemp(join(tmpdir(), "openticket-redis-"));
  const servers: Server[] = [];

  async function launch(port: number, args: string[]): Promise<Server> {
    const child = spawn(program.path, args, { stdio: "ignore" });
    const server = { port, process: child, ask: (...command: [string, ...(string | number)[]]) => ask(port, command), kill: () => kill(child) };
    servers.push(server);
    const answer = () => (child.exitCode === null ? server.ask("PING").catch(() => undefined) : "ended");
    await until(`an answer on port ${port}`, answer, READY_TIMEOUT_MS);
    if (child.exitCode !== null) throw new Error(`The server on port ${port} has ended`);
    return server;
  }

  async function startOnce(options: Record<string, string | number>): Promise<Server> {
    const port = await freePort();
    const dir = join(folder, String(port));
    await mkdir(dir);
    const all = { port, bind: "127.0.0.1", dir, appendonly: "yes", save: "", "maxmemory-policy": "noeviction", ...options };
    return launch(
      port,
      Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...(name === "replicaof" ? String(value).split(" ") : [String(value)])]),
    );
  }

  return {
    /** Tried twice: its port, or that of its cluster's bus, may be another's by then. */
    start: (options: Record<string, string | number>) => startOnce(options).catch(() => startOnce(options)),
    async startSentinel(lines: string[]): Promise<Server> {
      const port = await freePort();
      const path = join(folder, `sentinel-${port}.conf`);
      await writeFile(path, [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, ...lines, ""].join("\n"));
      return launch(port, [path, "--sentinel"]);
    },
    async close() {
      await Promise.all(servers.map((server) => server.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask(port: number, [name, ...args]: [string, ...(string | number)[]]): Promise<unknown> {
  const connection = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null, commandTimeout: 2000, maxRetriesPerRequest: 0 });
  connection.on("error", () => undefined);
  try {
    await connection.connect();
    return await connection.call(name, ...args);
  } finally {
    connection.disconnect();
  }
}

async function allSay(servers: Server[], words: RegExp): Promise<boolean> {
  const answers = await Promise.all(servers.map((server) => server.ask("CLUSTER", "INFO").catch(() => "")));
  return answers.every((answer) => words.test(String(answer)));
}

/** Whoever changes a server's role also ends its connections: no answer then is no fault. */
async function isPrimary(server: Server): Promise<boolean> {
  return String(await server.ask("ROLE").catch(() => "")).startsWith("master");
}

async function roles(servers: Server[]): Promise<{ primaries: number; replicas: number }> {
  const answers = await Promise.all(servers.map(async (server) => String(await server.ask("ROLE"))));
  const primaries = answers.filter((answer) => answer.startsWith("master")).length;
  return { primaries, replicas: answers.filter((answer) => answer.startsWith("slave")).length };
}

async function linked(replicas: Server[]): Promise<boolean> {
  const answers = await Promise.all(replicas.map((replica) => replica.ask("INFO", "replication").catch(() => "")));
  return answers.every((answer) => /master_link_status:up/.test(String(answer)));
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
