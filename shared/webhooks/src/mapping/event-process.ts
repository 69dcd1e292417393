import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { EventReading, EventTask, ThreadAnswer } from "./event-messages.ts";

/**
 * A process that evaluates the expressions of one event at a time.
 *
 * Problem: what an expression may take has to end with it. Choice: a process. Rejected: a thread with limits of its own,
 * because V8 ends the whole process when one large value passes a thread's limit: seen, with a list that doubles.
 */
export interface EventProcess {
  /** `ended`: the event has exhausted it. Rejects when it could not start. */
  ask(task: EventTask, timeoutMs: number): Promise<{ kind: "answered"; reading: EventReading } | { kind: "late" } | { kind: "ended" }>;
  end(): Promise<void>;
}

/** Beside the bundle of a service; the build puts it there. */
const BUNDLED = "./event-program.mjs";
/** Longest time in which it starts, ms. */
const START_MS = 30_000;

/** See {@link EventProcess}. It has nothing of our environment, and keeps nobody alive while it has nothing to do. */
export function startEventProcess({ maxMemoryMb }: { maxMemoryMb: number }): EventProcess {
  const child = start(maxMemoryMb);
  const gone = new Promise<{ kind: "ended" }>((resolve) => {
    child.once("exit", () => resolve({ kind: "ended" }));
    child.on("error", () => resolve({ kind: "ended" }));
  });
  const ready = isReady(child, gone);
  // Who asks hears of it.
  ready.catch(() => undefined);
  return {
    async ask(task, timeoutMs) {
      hold(child, true);
      await ready;
      const answered = new Promise<{ kind: "answered"; reading: EventReading }>((resolve) => {
        child.once("message", ({ reading }: ThreadAnswer) => resolve({ kind: "answered", reading }));
      });
      // Gone meanwhile: its end is heard of below.
      child.send(task, () => undefined);
      const outcome = await within(timeoutMs, Promise.race([answered, gone]));
      if (outcome.kind === "answered") hold(child, false);
      if (outcome.kind === "late") child.kill("SIGKILL");
      return outcome;
    },
    async end() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function start(maxMemoryMb: number): ChildProcess {
  const isBundled = !import.meta.url.endsWith(".ts");
  const program = fileURLToPath(new URL(isBundled ? BUNDLED : "./program.ts", import.meta.url));
  // From sources, in tests and development: it needs its own loader of TypeScript.
  const loader = isBundled ? [] : ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];
  const execArgv = [...loader, `--max-old-space-size=${maxMemoryMb}`];
  return fork(program, [], { execArgv, env: {}, serialization: "advanced", stdio: "ignore" });
}

async function isReady(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  const said = new Promise<"ready">((resolve) => child.once("message", () => resolve("ready")));
  const outcome = await within(START_MS, Promise.race([said, gone]));
  if (outcome !== "ready") throw new Error("a process for the expressions of webhooks could not start");
}

/** A child that works is waited for; one that waits is not. */
function hold(child: ChildProcess, isNeeded: boolean): void {
  if (isNeeded) child.ref();
  else child.unref();
  if (isNeeded) child.channel?.ref();
  else child.channel?.unref();
}

async function within<T>(timeoutMs: number, outcome: Promise<T>): Promise<T | { kind: "late" }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ kind: "late" }>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "late" }), timeoutMs);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}
