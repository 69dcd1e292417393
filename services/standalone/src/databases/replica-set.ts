import { setTimeout as delay } from "node:timers/promises";
import { MongoClient, MongoServerError } from "mongodb";
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
  /** How long the first member may take to answer, ms. */
  timeoutMs: number;
}

/**
 * Makes the members a replica set of these hosts. A set that was configured with other addresses (its port was taken
 * meanwhile) cannot elect anybody any more, so it is given the new ones by force: its only members are ours.
 */
export async function ensureReplicaSet({ replicaSet, hosts, server, timeoutMs }: ReplicaSet): Promise<void> {
  const [first = ""] = hosts;
  const members = hosts.map((host, _id) => ({ _id, host }));
  await untilAnswering({ host: first, server, timeoutMs });
  await withAdmin(first, async (command) => {
    const config = await configOf(command);
    if (config === undefined) return void (await command({ replSetInitiate: { _id: replicaSet, members } }));
    if (sameHosts(config.members, hosts)) return;
    await command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true });
  });
}

/** Waits until `host` may be written to. */
export async function awaitPrimary({ host, timeoutMs }: { host: string; timeoutMs: number }): Promise<void> {
  await withAdmin(host, async (command) => {
    for (const until = performance.now() + timeoutMs; performance.now() < until; await delay(POLL_MS)) {
      const { isWritablePrimary } = await command({ hello: 1 });
      if (isWritablePrimary) return;
    }
    throw new Error(`no primary within ${timeoutMs / 1000} s`);
  });
}

type Command = (command: Record<string, unknown>) => Promise<Record<string, unknown>>;

async function withAdmin(host: string, work: (command: Command) => Promise<void>): Promise<void> {
  const client = new MongoClient(`mongodb://${host}/?directConnection=true`, {
    serverSelectionTimeoutMS: ATTEMPT_TIMEOUT_MS,
    connectTimeoutMS: ATTEMPT_TIMEOUT_MS,
  });
  try {
    await work((command) => client.db("admin").command(command));
  } finally {
    await client.close();
  }
}

async function untilAnswering({ host, server, timeoutMs }: { host: string; server: ServerProcess; timeoutMs: number }): Promise<void> {
  let last: unknown;
  for (const until = performance.now() + timeoutMs; performance.now() < until && !server.hasEnded(); await delay(POLL_MS)) {
    try {
      return await withAdmin(host, async (command) => void (await command({ ping: 1 })));
    } catch (error) {
      last = error;
    }
  }
  throw new Error(server.hasEnded() ? `it ended: ${await server.ended}` : `no answer within ${timeoutMs / 1000} s`, { cause: last });
}

interface SetConfig {
  version: number;
  members: unknown;
}

async function configOf(command: Command): Promise<SetConfig | undefined> {
  try {
    const { config } = await command({ replSetGetConfig: 1 });
    if (!isSetConfig(config)) throw new Error("the replica set's configuration cannot be read");
    return config;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

function isSetConfig(value: unknown): value is SetConfig {
  return typeof value === "object" && value !== null && "version" in value && typeof value.version === "number" && "members" in value;
}

function sameHosts(members: unknown, hosts: string[]): boolean {
  const found = Array.isArray(members) ? members.map((member: { host?: unknown }) => String(member.host)) : [];
  return found.length === hosts.length && found.every((host, index) => host === hosts[index]);
}
