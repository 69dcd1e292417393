import type { EventReading, EventTask } from "./event-messages.ts";
import { type EventProcess, startEventProcess } from "./event-process.ts";

export interface EventReaderOptions {
  /** How many processes evaluate at once; unset: 2, so that one expression without end does not hold up every source. */
  processes?: number;
  /** Longest time for one event, ms, from when a process takes it; see {@link SECOND_CHANCE}. */
  timeoutMs?: number;
  /** JavaScript heap of a process, MB. */
  maxMemoryMb?: number;
}

/**
 * Evaluates the expressions of sources in processes of their own, so that one that hangs, or grows without end, harms no other
 * event: its own ends as `spent`, and its process is replaced. They start with the first events and stay warm.
 */
export interface EventReader {
  /** Rejects for faults of ours, never for what an event or an expression does. */
  read(task: EventTask): Promise<EventReading | SpentReading>;
  /** Ends the processes; reads that wait or run are rejected. */
  close(): Promise<void>;
}

/** The event, with the expressions of its source, exhausted a process; the reason is for people. */
export interface SpentReading {
  kind: "spent";
  because: string;
}

const PROCESSES = 2;
/** How many times its time an event gets when it is tried once more: on a machine with too much to do an innocent one may be late. */
const SECOND_CHANCE = 8;
const TIMEOUT_MS = 500;
const MAX_MEMORY_MB = 96;

interface Waiting {
  task: EventTask;
  limitMs: number;
  resolve(reading: EventReading | SpentReading): void;
  reject(error: unknown): void;
}

/** See {@link EventReader}. */
export function makeEventReader({ processes = PROCESSES, timeoutMs = TIMEOUT_MS, maxMemoryMb = MAX_MEMORY_MB }: EventReaderOptions = {}): EventReader {
  const idle: EventProcess[] = [];
  const all = new Set<EventProcess>();
  const waiting: Waiting[] = [];
  let isClosed = false;

  function sendWaiting(): void {
    while (!isClosed && waiting.length > 0) {
      const child = idle.pop() ?? (all.size < processes ? start() : undefined);
      if (!child) return;
      const next = waiting.shift();
      if (next) void send(next, child);
    }
  }

  function start(): EventProcess {
    const child = startEventProcess({ maxMemoryMb });
    all.add(child);
    return child;
  }

  async function send(event: Waiting, child: EventProcess): Promise<void> {
    const { task, limitMs, resolve, reject } = event;
    try {
      const outcome = await child.ask(task, limitMs);
      if (isClosed) throw new Error("the event reader is closed");
      if (outcome.kind === "answered") {
        idle.push(child);
        return resolve(outcome.reading);
      }
      all.delete(child);
      if (outcome.kind === "ended")
        return resolve({ kind: "spent", because: `it needed more than ${maxMemoryMb} MB of memory for its expressions, or crashed their process` });
      if (limitMs === timeoutMs) return void waiting.push({ ...event, limitMs: timeoutMs * SECOND_CHANCE });
      resolve({ kind: "spent", because: `its expressions took longer than ${timeoutMs} ms, and than ${limitMs} ms when tried again` });
    } catch (error) {
      all.delete(child);
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
      await Promise.all([...all].map((child) => child.end()));
    },
  };
}
