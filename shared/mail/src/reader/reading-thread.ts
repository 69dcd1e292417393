import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { MailReading, ThreadAnswer, ThreadStart, ThreadTask } from "./thread-messages.ts";

export interface ThreadOptions extends ThreadStart {
  maxMemoryMb: number;
}

/** What a thread made of some mails. `spent`: it has come to its end with them, for a reason that is for people. */
export type ThreadReading = { kind: "read"; readings: MailReading[] } | { kind: "spent"; reason: string };

/** A thread that reads some mails at a time. */
export interface ReadingThread {
  /** All of them get `timeoutMs` of CPU from when the thread takes them. Rejects when the thread could not start. */
  read(raws: readonly Uint8Array[], timeoutMs: number): Promise<ThreadReading>;
  end(): Promise<void>;
}

/** How many times its time a mail gets at most, when the machine gives the process no CPU. */
const MOST_PATIENCE = 4;
/** Beside the bundle of a service; the build puts it there. */
const BUNDLED = "./mail-thread.mjs";

/** Starts a thread that stays warm between mails. What takes too long, or more than `maxMemoryMb` of JavaScript heap, ends it. */
export function startReadingThread(options: ThreadOptions): ReadingThread {
  const worker = startWorker(options);
  const events = listen(worker);
  return {
    async read(raws, timeoutMs) {
      worker.ref();
      await events.ready;
      const answered = events.next();
      hand(raws, worker);
      const outcome = await Promise.race([answered, afterTime(timeoutMs, answered)]);
      if (outcome.kind === "late") {
        await worker.terminate();
        return { kind: "spent", reason: `it took longer than ${timeoutMs / 1000} s to read` };
      }
      if (outcome.kind === "ended") return { kind: "spent", reason: reasonOf(outcome.error, options.maxMemoryMb) };
      worker.unref();
      return outcome;
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** Shared memory crosses without a copy; others are copied into one piece, which is given away. */
function hand(raws: readonly Uint8Array[], worker: Worker): void {
  const [first] = raws;
  if (raws.length === 1 && first?.buffer instanceof SharedArrayBuffer) {
    worker.postMessage({ bytes: first, ends: [first.length] } satisfies ThreadTask);
    return;
  }
  const bytes = new Uint8Array(raws.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const ends = raws.map((raw) => {
    bytes.set(raw, at);
    at += raw.length;
    return at;
  });
  worker.postMessage({ bytes, ends } satisfies ThreadTask, [bytes.buffer]);
}

function startWorker({ maxMemoryMb, withHtml }: ThreadOptions): Worker {
  const workerData: ThreadStart = { withHtml };
  const options = { resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb }, workerData };
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL(BUNDLED, import.meta.url), options);
  // From sources, in tests and development: a thread needs its own loader of TypeScript.
  const loader = new URL("dist/esm/api/index.mjs", pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json"))).href;
  const thread = new URL("./thread.ts", import.meta.url).href;
  return new Worker(`import("${loader}").then(({ register }) => (register(), import("${thread}")))`, { eval: true, ...options });
}

type Outcome = { kind: "read"; readings: MailReading[] } | { kind: "ended"; error: Error | undefined };

/** Its messages as promises: that it is ready, and the outcome of the mails in hand. */
function listen(worker: Worker): { ready: Promise<void>; next(): Promise<Outcome> } {
  let settle: ((outcome: Outcome) => void) | undefined;
  let ended: Outcome | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: ThreadAnswer) => (answer.kind === "ready" ? resolve() : settle?.(answer)));
    const onEnd = (error: Error | undefined) => {
      ended ??= { kind: "ended", error };
      settle?.(ended);
      reject(new Error("a thread for reading mail could not start", { cause: error }));
    };
    worker.on("error", onEnd);
    worker.on("exit", () => onEnd(undefined));
  });
  // Who reads hears of it; a thread that nobody uses yet may fail in silence.
  ready.catch(() => undefined);
  return {
    ready,
    next: () => (ended ? Promise.resolve(ended) : new Promise((resolve) => (settle = resolve))),
  };
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

function reasonOf(error: Error | undefined, maxMemoryMb: number): string {
  const code = error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return `it needed more than ${maxMemoryMb} MB of memory to read`;
  return `its parser crashed${error ? `: ${error.message}` : ""}`;
}
