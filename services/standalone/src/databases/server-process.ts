import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { codeOf } from "./data-folder.ts";
import { StartFailure } from "./start-failure.ts";

/** A running database program. */
export interface ServerProcess {
  pid: number;
  port: number;
  logPath: string;
  /** How it ended, once it has. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** SIGTERM, a bounded wait, then SIGKILL; resolves once it is gone. */
  stop(): Promise<void>;
  /** SIGKILL at once: what a crash looks like. Resolves once it is gone. */
  kill(): Promise<void>;
}

export interface Spawned {
  path: string;
  args: string[];
  port: number;
  /** What the program prints; the log of the run before is kept beside it as `<logPath>.1`. */
  logPath: string;
  /** Where the process id is noted, so that the next start finds what a crash of this process left running. */
  pidPath: string;
}

/** How long a database may take to write its data and leave, ms; then it is killed, and recovers at its next start. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts a program in a process group of its own: Ctrl-C in the terminal is for this process, which drains first and
 * stops its databases last. Should this process exit without that, it still asks them to stop.
 */
export async function spawnServer({ path, args, port, logPath, pidPath }: Spawned): Promise<ServerProcess> {
  await rename(logPath, `${logPath}.1`).catch(() => undefined); // the first run has none
  const log = openSync(logPath, "a");
  const child = spawn(path, args, { stdio: ["ignore", log, log], detached: true, env: { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C" } });
  closeSync(log);
  await Promise.race([once(child, "spawn"), once(child, "error").then(([error]) => Promise.reject(error))]).catch((error: unknown) => {
    throw new StartFailure(`${path} cannot be run (${codeOf(error)})`, { cause: error });
  });
  const pid = child.pid ?? 0;
  writeFileSync(pidPath, `${pid}\n`);
  const askToStop = () => void child.kill("SIGTERM");
  process.once("exit", askToStop);
  const ended = new Promise<string>((resolve) => child.once("exit", (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`))).then(
    async (how) => {
      process.off("exit", askToStop);
      await rm(pidPath, { force: true });
      return how;
    },
  );
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals) => {
    if (!hasEnded()) child.kill(signal);
    await ended;
  };
  const stop = async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await end("SIGTERM").finally(() => clearTimeout(timer));
  };
  return { pid, port, logPath, ended, hasEnded, stop, kill: () => end("SIGKILL") };
}

/** The end of a log, for a message about a program that did not start; at most `lines` lines. */
export async function lastWords(logPath: string, lines = 20): Promise<string> {
  const text = await readFile(logPath, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
