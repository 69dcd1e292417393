import { type ResourceLimits, Worker } from "node:worker_threads";
import { answersOf, type ThreadOutcome } from "./answers.ts";
import { typescriptLoader } from "./typescript-loader.ts";

/**
 * A thread for work that may hang, crash or grow: each task has a limit of time, and what exhausts the thread ends it and
 * nothing else. It says that it is ready with a message `{ kind: "ready" }`, then answers each task with one message.
 */
export interface ThreadOptions extends ThreadEntry {
  /** What it does, for people: "a thread for reading mail". */
  name: string;
}

/** Where a thread begins. */
export interface ThreadEntry {
  /** `import.meta.url` of whoever starts it. */
  from: string;
  /** Its entry as the starter's neighbour, in the sources and beside a bundle. */
  source: string;
  bundled: string;
  resourceLimits: ResourceLimits;
  workerData?: unknown;
}

export interface Thread<Answer> {
  /** One task at a time; it has `timeoutMs` of CPU from when the thread takes it. Rejects when the thread could not start. */
  ask(task: unknown, timeoutMs: number, transfer?: readonly ArrayBuffer[]): Promise<ThreadOutcome<Answer>>;
  end(): Promise<void>;
}

/** How many times its time a task gets at most, when the machine gives the process no CPU. */
const MOST_PATIENCE = 4;

/** See {@link ThreadOptions}. A thread that has nothing to do does not keep the process alive. */
export function startThread<Answer extends { kind: string }>(options: ThreadOptions): Thread<Answer> {
  const worker = spawnThread(options);
  const events = answersOf<Answer>(worker, options.name);
  return {
    async ask(task, timeoutMs, transfer = []) {
      worker.ref();
      await events.ready;
      const answered = events.next();
      worker.postMessage(task, transfer);
      const outcome = await Promise.race([answered, afterTime(timeoutMs, answered)]);
      if (outcome.kind === "late") await worker.terminate();
      if (outcome.kind === "answered") worker.unref();
      return outcome;
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** Why a thread ended, for people; `doing` is what it was at. */
export function reasonOfEnd(error: Error | undefined, { maxMemoryMb, doing, crashed }: { maxMemoryMb: number; doing: string; crashed: string }): string {
  const code = error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return `it needed more than ${maxMemoryMb} MB of memory ${doing}`;
  return `${crashed}${error ? `: ${error.message}` : ""}`;
}

/** The thread as Node gives it, from the sources or from beside a bundle. */
export function spawnThread({ from, source, bundled, resourceLimits, workerData }: ThreadEntry): Worker {
  const options = { resourceLimits, workerData };
  if (!from.endsWith(".ts")) return new Worker(new URL(bundled, from), options);
  const thread = new URL(source, from).href;
  return new Worker(`import("${typescriptLoader(from, "dist/esm/api/index.mjs")}").then(({ register }) => (register(), import("${thread}")))`, {
    eval: true,
    ...options,
  });
}

/**
 * Settles when a thread has had its time. A thread's CPU cannot be asked for, but is no more than that of the process: on a
 * machine with too much to do, time in which the process got none is given back, within reason.
 */
async function afterTime(timeoutMs: number, answered: Promise<unknown>): Promise<{ kind: "late" }> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let timer: NodeJS.Timeout;
  answered.finally(() => clearTimeout(timer));
  return new Promise((resolve) => {
    const look = () => {
      const { user, system } = process.cpuUsage(before);
      const leftMs = timeoutMs - (user + system) / 1000;
      if (leftMs <= 0 || performance.now() - startedAt >= timeoutMs * MOST_PATIENCE) return resolve({ kind: "late" });
      timer = setTimeout(look, Math.max(leftMs, 10));
    };
    timer = setTimeout(look, timeoutMs);
  });
}
