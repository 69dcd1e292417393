import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@openticket/runtime";
import { freePort, LOOPBACK, notePort, preferredPort } from "./free-port.ts";
import { pidPathOf, stopOrphan } from "./orphans.ts";
import type { Program } from "./programs/find-program.ts";
import { awaitPrimary, ensureReplicaSet } from "./replica-set.ts";
import { lastWords, type ServerProcess, spawnServer } from "./server-process.ts";
import { shareOfMemory } from "./share-of-memory.ts";
import { type Progress, StartFailure } from "./start-failure.ts";

/** Name of the embedded replica set. */
const REPLICA_SET = "openticket";
/** The operation log of one member serves nobody who is behind, so it is small, MB. */
const OPLOG_MB = 128;
/** MongoDB would take half of the memory; this one shares its machine, but takes no less than that, GB. */
const LEAST_CACHE_GB = 0.5;
/**
 * How long MongoDB keeps what an update has replaced, for reads of the past, s. Nobody makes any here, and its own 300 s of them
 * crowd its cache: see ADR 9.
 */
const HISTORY_S = 5;
/** How long mongod may take from its start to answering, recovery of its journal included, ms. */
const ANSWER_TIMEOUT_MS = 60_000;
/** How long a replica set may take to elect a primary, ms. */
const PRIMARY_TIMEOUT_MS = 30_000;
/** A port may be taken between the look and the start; and once in hundreds of starts mongod was seen to abort by itself. */
const START_ATTEMPTS = 3;
const ABORTED = "signal SIGABRT";
/** Exit codes of mongod that mean: the address is in use; the data is of a version it cannot read. */
const EXIT_PORT_TAKEN = "exit code 48";
const EXIT_OTHER_VERSION = "exit code 62";

export interface StartMongo {
  program: Program;
  dataDir: string;
  logFolder: string;
  progress: Progress;
  /** Told as soon as there is a process to stop, even when the start fails later. */
  onSpawn(server: ServerProcess): void;
}

export interface MongoAddress {
  origin: string;
  query: string;
}

/** Starts the embedded replica set of one on `dataDir`/mongo, waits for its primary, and gives its address. */
export async function startMongo({ program, dataDir, logFolder, progress, onSpawn }: StartMongo): Promise<MongoAddress> {
  const folder = join(dataDir, "mongo");
  const portFile = join(dataDir, "mongo.port");
  await stopOrphan({ name: "MongoDB", folder, progress });
  let port = await preferredPort(portFile);
  for (let attempt = 1; ; attempt++) {
    progress(`MongoDB: starting ${program.version} on port ${port} …`);
    const server = await spawnMongod({ program, folder, port, replicaSet: REPLICA_SET, logPath: join(logFolder, "mongod.log") });
    onSpawn(server);
    try {
      await ensureReplicaSet({ replicaSet: REPLICA_SET, hosts: [`${LOOPBACK}:${port}`], server, folder, timeoutMs: ANSWER_TIMEOUT_MS });
      await awaitPrimary({ host: `${LOOPBACK}:${port}`, timeoutMs: PRIMARY_TIMEOUT_MS });
      await notePort(portFile, port);
      return { origin: `mongodb://${LOOPBACK}:${port}`, query: `replicaSet=${REPLICA_SET}` };
    } catch (error) {
      const how = server.hasEnded() ? await server.ended : undefined;
      if ((how !== EXIT_PORT_TAKEN && how !== ABORTED) || attempt >= START_ATTEMPTS)
        throw await failure({ how, error, folder, program, logPath: join(logFolder, "mongod.log") });
      port = await freePort();
    }
  }
}

/** One mongod on `folder`, on loopback, as a member of `replicaSet`; not yet initiated and maybe not yet answering. */
export async function spawnMongod({
  program,
  folder,
  port,
  replicaSet,
  logPath,
}: {
  program: Pick<Program, "path">;
  folder: string;
  port: number;
  replicaSet: string;
  logPath: string;
}): Promise<ServerProcess> {
  await mkdir(folder, { recursive: true });
  const options = { dbpath: folder, port, bind_ip: LOOPBACK, replSet: replicaSet, oplogSize: OPLOG_MB, wiredTigerCacheSizeGB: cacheGb() };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const parameters = { diagnosticDataCollectionEnabled: false, minSnapshotHistoryWindowInSeconds: HISTORY_S };
  const settings = Object.entries(parameters).flatMap(([name, value]) => ["--setParameter", `${name}=${value}`]);
  return spawnServer({ path: program.path, args: [...args, ...settings, "--nounixsocket", "--quiet"], port, logPath, pidPath: pidPathOf(folder) });
}

function cacheGb(): number {
  return Math.max(LEAST_CACHE_GB, Number((shareOfMemory() / 1024 ** 3).toFixed(2)));
}

async function failure({
  how,
  error,
  folder,
  program,
  logPath,
}: {
  how: string | undefined;
  error: unknown;
  folder: string;
  program: Program;
  logPath: string;
}): Promise<StartFailure> {
  const said = await lastWords(logPath, 200);
  if (/No space left on device/.test(said)) return new StartFailure(`the disk is full: MongoDB could not write to ${folder}`, { cause: error });
  if (how === EXIT_OTHER_VERSION)
    return new StartFailure(
      `the data in ${folder} is of a MongoDB that ${program.version} (${program.origin}) cannot read; put that version's mongod on PATH, or set DATA_DIR to a new folder`,
      { cause: error },
    );
  if (how) return new StartFailure(`MongoDB ended while starting (${how})${quoteFault(said)}; its log is ${logPath}`, { cause: error });
  return new StartFailure(`MongoDB did not become ready: ${messageOf(error)}; its log is ${logPath}`, { cause: error });
}

/** mongod logs a JSON document a line; the last one of severity E or F says why it ended. */
function quoteFault(log: string): string {
  const fault = log.split("\n").findLast((line) => /^\{.*"s":"[EF]"/.test(line));
  const text = fault && /"error":"([^"]+)"|"msg":"([^"]+)"/.exec(fault);
  return text ? `: ${text[1] ?? text[2]}` : "";
}
