import { mkdir, realpath } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, LOOPBACK, notePort, preferredPort } from "./free-port.ts";
import { pidPathOf, stopOrphan } from "./orphans.ts";
import type { Program } from "./programs/find-program.ts";
import { lastWords, type ServerProcess, spawnServer } from "./server-process.ts";
import { shareOfMemory } from "./share-of-memory.ts";
import { type Progress, StartFailure } from "./start-failure.ts";

/** How long it may take from its start to answering, reading its append-only file included, ms. */
const ANSWER_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
/** One question, ms. */
const ASK_TIMEOUT_MS = 2000;
/** A port may be taken between the look and the start, tries. */
const PORT_ATTEMPTS = 3;

export interface StartRedis {
  program: Program;
  dataDir: string;
  logFolder: string;
  progress: Progress;
  /** Told as soon as there is a process to stop, even when the start fails later. */
  onSpawn(server: ServerProcess): void;
}

/** Starts the embedded Redis or Valkey on `dataDir`/redis, waits until it answers, and gives its URL. */
export async function startRedis({ program, dataDir, logFolder, progress, onSpawn }: StartRedis): Promise<string> {
  const folder = join(dataDir, "redis");
  const portFile = join(dataDir, "redis.port");
  const logPath = join(logFolder, "redis.log");
  await stopOrphan({ name: "Redis", folder, progress });
  let port = await preferredPort(portFile);
  for (let attempt = 1; ; attempt++) {
    progress(`Redis: starting ${program.version} on port ${port} …`);
    const server = await spawnRedis({ program, folder, port, logPath });
    onSpawn(server);
    if (await answers(server, folder)) {
      await notePort(portFile, port);
      return `redis://${LOOPBACK}:${port}`;
    }
    const said = await lastWords(logPath);
    if (!isPortTaken(said) || attempt >= PORT_ATTEMPTS) throw await failure({ server, said, folder, logPath });
    port = await freePort();
  }
}

/**
 * One server on `folder`, on loopback: every write appended to a file that is synced each second, nothing evicted, and a
 * limit by which the doors know when to stop. It must not change its title, or its arguments would not say after a crash whose it is.
 */
export async function spawnRedis({
  program,
  folder,
  port,
  logPath,
}: {
  program: Pick<Program, "path">;
  folder: string;
  port: number;
  logPath: string;
}): Promise<ServerProcess> {
  await mkdir(folder, { recursive: true });
  const options = {
    port,
    bind: LOOPBACK,
    dir: folder,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    maxmemory: shareOfMemory(),
    "maxmemory-policy": "noeviction",
    daemonize: "no",
    "set-proc-title": "no",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return spawnServer({ path: program.path, args, port, logPath, pidPath: pidPathOf(folder) });
}

/**
 * Waits for the first PONG; false when the server ended or stayed silent. While it reads its file it says LOADING. Another
 * server that has the port (two folders may have noted the same) works in another folder: then ours is about to end.
 */
async function answers(server: ServerProcess, folder: string): Promise<boolean> {
  const ours = await realpath(folder);
  for (const until = performance.now() + ANSWER_TIMEOUT_MS; performance.now() < until && !server.hasEnded(); await delay(POLL_MS)) {
    const isUp = (await ask(server.port, "PING")).startsWith("+PONG");
    if (isUp && (await ask(server.port, "CONFIG GET dir")).includes(`\r\n${ours}\r\n`)) return true;
  }
  return false;
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK });
    const end = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ASK_TIMEOUT_MS, () => end(""));
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => end(data.toString("utf8")));
    socket.once("error", () => end(""));
    socket.once("close", () => resolve(""));
  });
}

function isPortTaken(log: string): boolean {
  return /Address already in use|Failed listening on port/.test(log);
}

async function failure({ server, said, folder, logPath }: { server: ServerProcess; said: string; folder: string; logPath: string }): Promise<StartFailure> {
  if (/No space left on device/.test(said)) return new StartFailure(`the disk is full: Redis could not write to ${folder}`);
  if (!server.hasEnded()) return new StartFailure(`Redis did not answer within ${ANSWER_TIMEOUT_MS / 1000} s; its log is ${logPath}`);
  return new StartFailure(`Redis ended while starting (${await server.ended}): ${said.split("\n").at(-1) ?? ""}; its log is ${logPath}`);
}
