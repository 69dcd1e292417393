import { setTimeout as delay } from "node:timers/promises";
import { MongoClient, MongoNetworkError, MongoServerError } from "mongodb";
import type { ServerProcess } from "./server-process.ts";

/** Between two looks at a server that is starting, ms. */
const POLL_MS = 50;
/** One attempt to connect and ask, ms; several fit into a start. */
const ATTEMPT_TIMEOUT_MS = 2000;
/** The server's code for "I have no replica set configuration". */
const NOT_YET_INITIALIZED = 94;

export interface ReplicaSet {
  replicaSet: string;
  /** Every member's host:port; the first one is asked. */
  hosts: string[];
  /** The first member's process: when it ends, waiting ends. */
  server: ServerProcess;
  /** The first member's data: another mongod that has its port (two folders may have noted the same) is none of ours. */
  folder: string;
  /** How long the first member may take to answer, ms. */
  timeoutMs: number;
}

/** Makes the members a replica set of these hosts, once the first one answers. */
export async function ensureReplicaSet({ replicaSet, hosts, server, folder, timeoutMs }: ReplicaSet): Promise<void> {
  const [first = ""] = hosts;
  await untilAnswering({ host: first, server, folder, timeoutMs });
  await withAdmin(first, (admin) => agreeOnHosts(admin, { replicaSet, hosts, timeoutMs }));
}

/**
 * A set that was configured with other addresses (its port was taken meanwhile) cannot elect anybody any more, so it is
 * given the new ones by force: its only members are ours. Whether there is a configuration is asked of the data: the server
 * denies that it has one while it asks the old address whether it is itself, which takes 30 s when a stranger there is silent.
 */
export async function agreeOnHosts(
  { command, storedConfig }: Admin,
  { replicaSet, hosts, timeoutMs }: Pick<ReplicaSet, "replicaSet" | "hosts" | "timeoutMs">,
): Promise<void> {
  const members = hosts.map((host, _id) => ({ _id, host }));
  const stored = await storedConfig();
  if (stored === undefined) return void (await command({ replSetInitiate: { _id: replicaSet, members } }));
  if (sameHosts(stored.members, hosts)) return;
  for (const until = performance.now() + timeoutMs; performance.now() < until; await delay(POLL_MS)) {
    if (await reconfigure(command, members)) return;
  }
  throw new Error(`the replica set did not take its new address within ${timeoutMs / 1000} s`);
}

/** Waits until `host` may be written to. */
export async function awaitPrimary({ host, timeoutMs }: { host: string; timeoutMs: number }): Promise<void> {
  await withAdmin(host, async ({ command }) => {
    for (const until = performance.now() + timeoutMs; performance.now() < until; await delay(POLL_MS)) {
      const { isWritablePrimary } = await command({ hello: 1 });
      if (isWritablePrimary) return;
    }
    throw new Error(`no primary within ${timeoutMs / 1000} s`);
  });
}

export type Command = (command: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** What is asked of one member directly. */
export interface Admin {
  command: Command;
  /** The replica set's configuration that lies in the member's data, if any. */
  storedConfig(): Promise<{ members?: unknown } | undefined>;
}

async function withAdmin(host: string, work: (admin: Admin) => Promise<void>): Promise<void> {
  const client = new MongoClient(`mongodb://${host}/?directConnection=true`, {
    serverSelectionTimeoutMS: ATTEMPT_TIMEOUT_MS,
    connectTimeoutMS: ATTEMPT_TIMEOUT_MS,
  });
  try {
    await work({
      command: (command) => client.db("admin").command(command),
      storedConfig: async () => (await client.db("local").collection("system.replset").findOne<{ members?: unknown }>({})) ?? undefined,
    });
  } finally {
    await client.close();
  }
}

async function untilAnswering({ host, server, folder, timeoutMs }: Pick<ReplicaSet, "server" | "folder" | "timeoutMs"> & { host: string }): Promise<void> {
  let last: unknown;
  for (const until = performance.now() + timeoutMs; performance.now() < until && !server.hasEnded(); await delay(POLL_MS)) {
    try {
      return await withAdmin(host, ({ command }) => refuseStranger(command, folder));
    } catch (error) {
      last = error;
    }
  }
  throw new Error(server.hasEnded() ? `it ended: ${await server.ended}` : `no answer within ${timeoutMs / 1000} s`, { cause: last });
}

async function refuseStranger(command: Command, folder: string): Promise<void> {
  const { argv } = await command({ getCmdLineOpts: 1 });
  if (!Array.isArray(argv) || !argv.includes(folder)) throw new Error("another mongod answers there");
}

/** False when the server is not ready for it: it has not loaded its configuration, or drops connections as it does. */
async function reconfigure(command: Command, members: unknown): Promise<boolean> {
  try {
    const { config } = await command({ replSetGetConfig: 1 });
    if (!isSetConfig(config)) throw new Error("the replica set's configuration cannot be read");
    await command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true });
    return true;
  } catch (error) {
    if (error instanceof MongoNetworkError || (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED)) return false;
    throw error;
  }
}

interface SetConfig {
  version: number;
  members: unknown;
}

function isSetConfig(value: unknown): value is SetConfig {
  return typeof value === "object" && value !== null && "version" in value && typeof value.version === "number" && "members" in value;
}

function sameHosts(members: unknown, hosts: string[]): boolean {
  const found = Array.isArray(members) ? members.map((member: { host?: unknown }) => String(member.host)) : [];
  return found.length === hosts.length && found.every((host, index) => host === hosts[index]);
}
