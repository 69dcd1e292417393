import { type ReadingThread, startReadingThread } from "./reading-thread.ts";
import type { MailReading } from "./thread-messages.ts";

export interface MailReaderOptions {
  /** How many threads read at once. */
  threads: number;
  /** Longest time for one mail, ms of CPU, from when a thread takes it. */
  timeoutMs?: number;
  /** Longest time for several small mails together, ms of CPU: what takes them longer is one that has to be found. */
  batchTimeoutMs?: number;
  /** JavaScript heap of a thread, MB. Buffers come on top; understanding a mail makes few. */
  maxMemoryMb?: number;
  /** Whether the sanitised HTML is wanted as well; unset: yes. */
  withHtml?: boolean;
}

/**
 * Reads mails in threads of their own, so that one that hangs, crashes or grows harms no other: it ends as `unreadable`
 * and its thread is replaced. Threads start with the first mails and stay warm.
 *
 * Problem: to wake a thread and to hear from it costs as much as to read a small mail. Choice: small mails of one moment go
 * to a thread together, and while it has them, the next ones gather, for a moment. Larger mails travel alone.
 * Invariant: the limits hold for each mail. A thread that comes to its end with several mails says nothing about any one of
 * them: each is read again alone.
 *
 * Written on `worker_threads`: the pools on offer count the time in the queue into a task's limit, and the rest of what
 * they do is not needed here.
 */
export interface MailReader {
  /** Bytes in shared memory are read where they are; others are copied. Rejects for faults of ours, never for a mail's. */
  read(raw: SharedArrayBuffer | Uint8Array): Promise<MailReading>;
  /** Ends the threads; reads that wait or run are rejected. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 5000;
const MAX_MEMORY_MB = 256;

/** Largest mail that travels with others, and the most that travels together, bytes and mails: some 10 ms of work. */
const SMALL_BYTES = 32 * 1024;
const BATCH_BYTES = 128 * 1024;
const LARGEST_BATCH = 64;
const BATCH_TIMEOUT_MS = 1000;
/** How long small mails gather behind those that a thread has, ms; then they go to another. */
const PATIENCE_MS = 100;

interface Waiting {
  raw: Uint8Array;
  isAlone: boolean;
  resolve(reading: MailReading): void;
  reject(error: unknown): void;
}

/** See {@link MailReader}. */
export function makeMailReader(options: MailReaderOptions): MailReader {
  const { threads, timeoutMs = TIMEOUT_MS, batchTimeoutMs = BATCH_TIMEOUT_MS, maxMemoryMb = MAX_MEMORY_MB, withHtml = true } = options;
  const idle: ReadingThread[] = [];
  const all = new Set<ReadingThread>();
  const waiting: Waiting[] = [];
  let isScheduled = false;
  let isClosed = false;
  /** Threads that have had small mails for less than {@link PATIENCE_MS}. */
  let expected = 0;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    // Mails that were loaded together ask one after the other, all within this turn.
    setImmediate(() => {
      isScheduled = false;
      sendWaiting();
    });
  }

  function sendWaiting(): void {
    while (!isClosed && waiting.length > 0 && !(expected > 0 && mayGather(waiting))) {
      const thread = idle.pop() ?? (all.size < threads ? startThread() : undefined);
      if (!thread) return;
      void send(takeBatch(waiting), thread);
    }
  }

  function startThread(): ReadingThread {
    const thread = startReadingThread({ maxMemoryMb, withHtml });
    all.add(thread);
    return thread;
  }

  async function send(batch: Waiting[], thread: ReadingThread): Promise<void> {
    const stopExpecting = isSmall(batch[0]) ? expect() : () => undefined;
    const limitMs = batch.length > 1 ? Math.min(timeoutMs, batchTimeoutMs) : timeoutMs;
    try {
      const answer = await thread.read(
        batch.map(({ raw }) => raw),
        limitMs,
      );
      if (isClosed) throw new Error("the mail reader is closed");
      if (answer.kind === "read") idle.push(thread);
      else all.delete(thread);
      settle(batch, answer.kind === "read" ? answer.readings : [{ kind: "unreadable", reason: answer.reason }]);
    } catch (error) {
      all.delete(thread);
      for (const { reject } of batch) reject(error);
    } finally {
      stopExpecting();
      sendWaiting();
    }
  }

  function settle(batch: Waiting[], readings: readonly MailReading[]): void {
    if (readings.length < batch.length) return void waiting.unshift(...batch.map((mail) => ({ ...mail, isAlone: true })));
    for (const [index, { resolve }] of batch.entries()) {
      const reading = readings[index];
      if (reading) resolve(reading);
    }
  }

  /** Until a thread has answered, or for a moment, what comes may gather. */
  function expect(): () => void {
    expected++;
    let isExpected = true;
    const stop = () => {
      clearTimeout(timer);
      if (isExpected) expected--;
      isExpected = false;
    };
    const timer = setTimeout(() => {
      stop();
      sendWaiting();
    }, PATIENCE_MS);
    return stop;
  }

  return {
    read: (raw) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error("the mail reader is closed"));
        waiting.push({ raw: raw instanceof SharedArrayBuffer ? new Uint8Array(raw) : raw, isAlone: false, resolve, reject });
        schedule();
      }),
    async close() {
      isClosed = true;
      for (const { reject } of waiting.splice(0)) reject(new Error("the mail reader is closed"));
      await Promise.all([...all].map((thread) => thread.end()));
    },
  };
}

function isSmall(mail: Waiting | undefined): boolean {
  return mail !== undefined && !mail.isAlone && mail.raw.length <= SMALL_BYTES;
}

/** Whether what waits is small, and less than a thread takes at once. */
function mayGather(waiting: readonly Waiting[]): boolean {
  return waiting.length < LARGEST_BATCH && isSmall(waiting[0]);
}

/** The first, and the small ones behind it where it is small itself. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let [count, bytes] = [0, 0];
  while (count < LARGEST_BATCH && isSmall(waiting[count])) {
    bytes += waiting[count]?.raw.length ?? 0;
    if (bytes > BATCH_BYTES) break;
    count++;
  }
  return waiting.splice(0, Math.max(count, 1));
}
