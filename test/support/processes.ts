import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve as resolvePath } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { usageOfPid } from "./usage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Longest time for a process to say that it is ready, ms. */
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

export interface Running {
  /** The line in which it said that it was ready. */
  readyLine: string;
  /** CPU time so far, ms, and resident memory, bytes; of the process alone. */
  usage(): { cpuMs: number; rssBytes: number };
  pid: number;
  /** How it ended, once it has: an exit code or a signal. */
  ended: Promise<number | NodeJS.Signals>;
  /** Drains and ends it. */
  stop(): Promise<void>;
  /** Ends or stops it at once, by signal; waits for the end when there is one. */
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
}

/**
 * Starts a program of the repository (`.js` as it is, `.ts` through tsx) and waits for a line that holds "ready"; what does
 * not become ready is killed. `onLine` hears of every line that it prints.
 */
export async function startProcess(program: string, env: Record<string, string>, args: string[] = [], onLine?: (line: string) => void): Promise<Running> {
  const loader = program.endsWith(".ts") ? ["--import", "tsx"] : [];
  const child = spawn(process.execPath, [...profiling(), ...loader, resolvePath(ROOT, program), ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", onLine ? "pipe" : "inherit"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => (signal ?? code) as number | NodeJS.Signals);
  if (onLine) hear(child, onLine);
  try {
    const readyLine = await readiness(child, program);
    return { pid: child.pid ?? 0, readyLine, ended, usage: () => usageOfPid(child.pid ?? 0), stop: () => stop(child), kill: (signal) => kill(child, signal) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

const running = new Set<ChildProcess>();

/** Ends at once all that {@link startProcess} has started; so does the end of this process, unless a signal is its end. */
export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}
process.on("exit", endPrograms);

function hear({ stdout, stderr }: ChildProcess, onLine: (line: string) => void): void {
  for (const input of [stdout, stderr]) if (input) createInterface({ input }).on("line", onLine);
}

/** `BENCH_PROFILE_DIR`: every process leaves a CPU profile there. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE_DIR;
  return folder ? ["--cpu-prof", `--cpu-prof-dir=${folder}`] : [];
}

function readiness(child: ChildProcess, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${program} was not ready after ${READY_TIMEOUT_MS} ms`)), READY_TIMEOUT_MS);
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code} before it was ready`)));
    if (!child.stdout) return reject(new Error("no output"));
    const { stdout } = child;
    const lines = createInterface({ input: stdout });
    lines.on("line", (line) => {
      if (process.env.BENCH_VERBOSE) console.error(line);
      if (!line.includes("ready")) return;
      clearTimeout(timer);
      resolve(line);
      if (process.env.BENCH_VERBOSE) return;
      // What follows is thrown away unread: to take it apart costs the machine that is measured.
      lines.close();
      stdout.resume();
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

async function kill(child: ChildProcess, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
  const ended = signal === "SIGKILL" && child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
  child.kill(signal);
  await ended;
}
