import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { MailReading, ThreadAnswer } from "./thread-messages.ts";

export interface ThreadOptions {
  timeoutMs: number;
  maxMemoryMb: number;
}

/** A thread that reads one mail at a time. After an answer that says `isSpent` it is gone. */
export interface ReadingThread {
  /** Rejects when the thread could not start, or was ended by {@link ReadingThread.end}. */
  read(raw: Uint8Array): Promise<{ reading: MailReading; isSpent: boolean }>;
  end(): Promise<void>;
}

/** How many times its time a mail gets at most, when the machine gives the process no CPU. */
const MOST_PATIENCE = 4;
/** Beside the bundle of a service; the build puts it there. */
const BUNDLED = "./mail-thread.mjs";

/**
 * Starts a thread that stays warm between mails. A mail gets `timeoutMs` of CPU from when the thread takes it, and `maxMemoryMb`
 * of JavaScript heap: then its thread is ended, with it.
 */
export function startReadingThread({ timeoutMs, maxMemoryMb }: ThreadOptions): ReadingThread {
  const worker = startWorker(maxMemoryMb);
  const events = listen(worker);
  return {
    async read(raw) {
      worker.ref();
      await events.ready;
      const answered = events.next();
      worker.postMessage(raw);
      const outcome = await Promise.race([answered, afterTime(timeoutMs, answered)]);
      if (outcome.kind === "late") {
        await worker.terminate();
        return { reading: { kind: "unreadable", reason: `it took longer than ${timeoutMs / 1000} s to read` }, isSpent: true };
      }
      if (outcome.kind === "ended") return { reading: { kind: "unreadable", reason: reasonOf(outcome.error, maxMemoryMb) }, isSpent: true };
      worker.unref();
      return { reading: outcome.reading, isSpent: false };
    },
    async end() {
      await worker.terminate();
    },
  };
}

function startWorker(maxMemoryMb: number): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: maxMemoryMb };
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL(BUNDLED, import.meta.url), { resourceLimits });
  // From sources, in tests and development: a thread needs its own loader of TypeScript.
  const loader = new URL("dist/esm/api/index.mjs", pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json"))).href;
  const thread = new URL("./thread.ts", import.meta.url).href;
  return new Worker(`import("${loader}").then(({ register }) => (register(), import("${thread}")))`, { eval: true, resourceLimits });
}

type Outcome = { kind: "answered"; reading: MailReading } | { kind: "ended"; error: Error | undefined };

/** Its messages as promises: that it is ready, and the outcome of the mail in hand. */
function listen(worker: Worker): { ready: Promise<void>; next(): Promise<Outcome> } {
  let settle: ((outcome: Outcome) => void) | undefined;
  let ended: Outcome | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: ThreadAnswer) => (answer.kind === "ready" ? resolve() : settle?.({ kind: "answered", reading: answer })));
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
