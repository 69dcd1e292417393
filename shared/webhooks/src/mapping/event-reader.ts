import { type Child, startChild } from "@openticket/runtime";
import type { EvaluatorAnswer, EventReading, EventTask } from "./event-messages.ts";

export interface EventReaderOptions {
  /** How many events are evaluated at once; unset: 2. Of several, one source has at most all but one. */
  processes?: number;
  /** Longest time for one event, ms of CPU, from when a process takes it; see {@link SECOND_CHANCE}. */
  timeoutMs?: number;
  /** JavaScript heap of a process, MB. */
  maxMemoryMb?: number;
}

/**
 * Evaluates the expressions of sources in processes of their own, so that one that hangs, or grows without end, harms no other
 * event: its own ends as `spent`, and what it exhausted is replaced. Processes start with the first events and stay warm.
 */
export interface EventReader {
  /** Rejects for faults of ours, never for what an event or an expression does; with {@link EventsWait} when it is to come again later. */
  read(task: EventTask): Promise<EventReading | SpentReading>;
  /** Ends the processes; reads that wait or run are rejected. */
  close(): Promise<void>;
}

/** The event, with the expressions of its source, exhausted a process; the reason is for people. */
export interface SpentReading {
  kind: "spent";
  because: string;
}

/** Events of a source whose expressions take too long wait already: whoever holds this one does better to hold something else. */
export class EventsWait extends Error {
  override name = "EventsWait";
}

const PROCESSES = 2;
/** Events of one such source that may wait. */
const MOST_WAITING = 20;
/**
 * How many times its time an event gets when it is tried once more. Time is told by the CPU of the whole process, so on a
 * machine with too much to do an innocent event may be late once.
 */
const SECOND_CHANCE = 3;
const TIMEOUT_MS = 500;
const MAX_MEMORY_MB = 96;
/** Beyond the time of an event, for its way to the process and back, ms of the clock; and what a busy machine makes of a second of CPU. */
const WAY_MS = 10_000;
const MOST_PATIENCE = 8;
type Evaluator = Child<EvaluatorAnswer>;

interface Waiting {
  task: EventTask;
  limitMs: number;
  resolve(reading: EventReading | SpentReading): void;
  reject(error: unknown): void;
}

/** See {@link EventReader}. */
export function makeEventReader({ processes = PROCESSES, timeoutMs = TIMEOUT_MS, maxMemoryMb = MAX_MEMORY_MB }: EventReaderOptions = {}): EventReader {
  const idle: Evaluator[] = [];
  const all = new Set<Evaluator>();
  const waiting: Waiting[] = [];
  /** Sources of the events that are being evaluated. One source never has all evaluators: another's event need not wait for its. */
  const inHand: string[] = [];
  /** Sources whose latest event took too long. */
  const slow = new Set<string>();
  const mostOfSource = Math.max(1, processes - 1);
  let isClosed = false;

  function sendWaiting(): void {
    while (!isClosed) {
      const next = waiting.findIndex(({ task }) => inHand.filter((source) => source === task.source).length < mostOfSource);
      const evaluator = next === -1 ? undefined : (living() ?? (all.size < processes ? start() : undefined));
      const [event] = evaluator ? waiting.splice(next, 1) : [];
      if (!evaluator || !event) return;
      void send(event, evaluator);
    }
  }

  /** One that has nothing to do; those that somebody has ended meanwhile are forgotten. */
  function living(): Evaluator | undefined {
    const evaluator = idle.pop();
    if (!evaluator?.hasEnded()) return evaluator;
    all.delete(evaluator);
    return living();
  }

  function start(): Evaluator {
    const evaluator = startEvaluator(maxMemoryMb);
    all.add(evaluator);
    return evaluator;
  }

  async function send(event: Waiting, evaluator: Evaluator): Promise<void> {
    const { task, limitMs, resolve, reject } = event;
    inHand.push(task.source);
    try {
      const outcome = await evaluator.ask({ task, limitMs }, limitMs * MOST_PATIENCE + WAY_MS);
      if (isClosed) throw new Error("the event reader is closed");
      if (outcome.kind === "answered") idle.push(evaluator);
      else all.delete(evaluator);
      const answer = outcome.kind === "answered" ? outcome.answer : outcome;
      if (answer.kind === "late") slow.add(task.source);
      if (answer.kind === "read") slow.delete(task.source);
      if (answer.kind === "read") return resolve(answer.reading);
      if (answer.kind === "spent") return resolve(answer);
      // Once more also after the end of a process, which somebody else may have ended.
      if (limitMs === timeoutMs) return void waiting.push({ ...event, limitMs: timeoutMs * SECOND_CHANCE });
      resolve({ kind: "spent", because: answer.kind === "late" ? tooLong(limitMs) : tooLarge });
    } catch (error) {
      all.delete(evaluator);
      reject(error);
    } finally {
      inHand.splice(inHand.indexOf(task.source), 1);
      sendWaiting();
    }
  }

  const tooLong = (limitMs: number) => `its expressions took longer than ${timeoutMs} ms, and than ${limitMs} ms when tried again`;
  const tooLarge = `it needed more than ${maxMemoryMb} MB of memory for its expressions, so that their process ended`;

  return {
    read: (task) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error("the event reader is closed"));
        if (slow.has(task.source) && waiting.filter(({ task: { source } }) => source === task.source).length >= MOST_WAITING)
          return reject(new EventsWait(`${MOST_WAITING} events of the slow source ${task.source} wait already`));
        waiting.push({ task, limitMs: timeoutMs, resolve, reject });
        sendWaiting();
      }),
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error("the event reader is closed"));
      await Promise.all([...all].map((evaluator) => evaluator.end()));
    },
  };
}

function startEvaluator(maxMemoryMb: number): Evaluator {
  return startChild<EvaluatorAnswer>({
    name: "a process for the expressions of webhooks",
    from: import.meta.url,
    source: "./evaluator.ts",
    bundled: "./event-evaluator.mjs",
    args: [String(maxMemoryMb)],
  });
}
