import { reasonOfEnd, startThread, type Thread } from "@openticket/runtime";
import type { EventReading, EventTask, ThreadAnswer } from "./thread-messages.ts";

export interface EventReaderOptions {
  /** How many threads evaluate at once; unset: 2, so that one expression without end does not hold up every source. */
  threads?: number;
  /** Longest time for one event, ms of CPU, from when a thread takes it; see {@link SECOND_CHANCE}. */
  timeoutMs?: number;
  /** JavaScript heap of a thread, MB. */
  maxMemoryMb?: number;
}

/**
 * Evaluates the expressions of sources in threads of their own, so that one that hangs, or grows without end, harms no other
 * event: its own ends as `spent`, and its thread is replaced. Threads start with the first events and stay warm.
 */
export interface EventReader {
  /** Rejects for faults of ours, never for what an event or an expression does. */
  read(task: EventTask): Promise<EventReading | SpentReading>;
  /** Ends the threads; reads that wait or run are rejected. */
  close(): Promise<void>;
}

/** The event, with the expressions of its source, exhausted a thread; the reason is for people. */
export interface SpentReading {
  kind: "spent";
  because: string;
}

const THREADS = 2;
/**
 * How many times its time an event gets when it is tried once more. Time is told by the CPU of the whole process, so on a
 * machine with too much to do an innocent event may be late once.
 */
const SECOND_CHANCE = 3;
const TIMEOUT_MS = 500;
const MAX_MEMORY_MB = 96;
/** Room for new values, MB: with V8's own choice one expression may take twice the above before anybody looks. */
const MAX_YOUNG_MB = 16;
type EventThread = Thread<ThreadAnswer>;

interface Waiting {
  task: EventTask;
  limitMs: number;
  resolve(reading: EventReading | SpentReading): void;
  reject(error: unknown): void;
}

/** See {@link EventReader}. */
export function makeEventReader({ threads = THREADS, timeoutMs = TIMEOUT_MS, maxMemoryMb = MAX_MEMORY_MB }: EventReaderOptions = {}): EventReader {
  const idle: EventThread[] = [];
  const all = new Set<EventThread>();
  const waiting: Waiting[] = [];
  let isClosed = false;

  function sendWaiting(): void {
    while (!isClosed && waiting.length > 0) {
      const thread = idle.pop() ?? (all.size < threads ? start() : undefined);
      if (!thread) return;
      const next = waiting.shift();
      if (next) void send(next, thread);
    }
  }

  function start(): EventThread {
    const thread = startEventThread(maxMemoryMb);
    all.add(thread);
    return thread;
  }

  async function send(event: Waiting, thread: EventThread): Promise<void> {
    const { task, limitMs, resolve, reject } = event;
    try {
      const outcome = await thread.ask(task, limitMs);
      if (isClosed) throw new Error("the event reader is closed");
      if (outcome.kind === "answered") {
        idle.push(thread);
        return resolve(outcome.answer.reading);
      }
      all.delete(thread);
      if (outcome.kind === "ended") return resolve({ kind: "spent", because: endOf(outcome.error, maxMemoryMb) });
      if (limitMs === timeoutMs) return void waiting.push({ ...event, limitMs: timeoutMs * SECOND_CHANCE });
      resolve({ kind: "spent", because: `its expressions took longer than ${timeoutMs} ms, and than ${limitMs} ms when tried again` });
    } catch (error) {
      all.delete(thread);
      reject(error);
    } finally {
      sendWaiting();
    }
  }

  return {
    read: (task) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error("the event reader is closed"));
        waiting.push({ task, limitMs: timeoutMs, resolve, reject });
        sendWaiting();
      }),
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error("the event reader is closed"));
      await Promise.all([...all].map((thread) => thread.end()));
    },
  };
}

function startEventThread(maxMemoryMb: number): EventThread {
  return startThread<ThreadAnswer>({
    name: "a thread for the expressions of webhooks",
    from: import.meta.url,
    source: "./thread.ts",
    bundled: "./event-thread.mjs",
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
  });
}

function endOf(error: Error | undefined, maxMemoryMb: number): string {
  return reasonOfEnd(error, { maxMemoryMb, doing: "for its expressions", crashed: "its expressions crashed their thread" });
}
