import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type ResourceLimits, Worker } from "node:worker_threads";

/**
 * A thread for work that may hang, crash or grow: each task has a limit of time, and what exhausts the thread ends it and
 * nothing else. It says that it is ready with a message `{ kind: "ready" }`, then answers each task with one message.
 */
export interface ThreadOptions {
  /** What it does, for people: "a thread for reading mail". */
  name: string;
  /** `import.meta.url` of whoever starts it. */
  from: string;
  /** Its entry as the starter's neighbour, in the sources and beside a bundle. */
  source: string;
  bundled: string;
  resourceLimits: ResourceLimits;
  workerData?: unknown;
}

/** What came of a task. `late`, `ended`: the thread has come to its end with it. */
export type ThreadOutcome<Answer> = { kind: "answered"; answer: Answer } | { kind: "late" } | { kind: "ended"; error: Error | undefined };

export interface Thread<Answer> {
  /** One task at a time; it has `timeoutMs` of CPU from when the thread takes it. Rejects when the thread could not start. */
  ask(task: unknown, timeoutMs: number, transfer?: readonly ArrayBuffer[]): Promise<ThreadOutcome<Answer>>;
  end(): Promise<void>;
}

/** How many times its time a task gets at most, when the machine gives the process no CPU. */
const MOST_PATIENCE = 4;

/** See {@link ThreadOptions}. A thread that has nothing to do does not keep the process alive. */
export function startThread<Answer extends { kind: string }>(options: ThreadOptions): Thread<Answer> {
  const worker = startWorker(options);
  const events = listen<Answer>(worker, options.name);
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

function startWorker({ from, source, bundled, resourceLimits, workerData }: ThreadOptions): Worker {
  const options = { resourceLimits, workerData };
  if (!from.endsWith(".ts")) return new Worker(new URL(bundled, from), options);
  // From sources, in tests and development: a thread needs its own loader of TypeScript.
  const loader = new URL("dist/esm/api/index.mjs", pathToFileURL(createRequire(from).resolve("tsx/package.json"))).href;
  const thread = new URL(source, from).href;
  return new Worker(`import("${loader}").then(({ register }) => (register(), import("${thread}")))`, { eval: true, ...options });
}

/** Its messages as promises: that it is ready, and the outcome of the task in hand. */
function listen<Answer extends { kind: string }>(worker: Worker, name: string): { ready: Promise<void>; next(): Promise<ThreadOutcome<Answer>> } {
  let settle: ((outcome: ThreadOutcome<Answer>) => void) | undefined;
  let ended: ThreadOutcome<Answer> | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: Answer | { kind: "ready" }) => (isReady(answer) ? resolve() : settle?.({ kind: "answered", answer })));
    const onEnd = (error: Error | undefined) => {
      ended ??= { kind: "ended", error };
      settle?.(ended);
      reject(new Error(`${name} could not start`, { cause: error }));
    };
    worker.on("error", onEnd);
    worker.on("exit", () => onEnd(undefined));
  });
  // Who asks hears of it; a thread that nobody uses yet may fail in silence.
  ready.catch(() => undefined);
  return {
    ready,
    next: () => (ended ? Promise.resolve(ended) : new Promise((resolve) => (settle = resolve))),
  };
}

function isReady(answer: { kind: string }): answer is { kind: "ready" } {
  return answer.kind === "ready";
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
