import { type ReadingThread, startReadingThread } from "./reading-thread.ts";
import type { MailReading } from "./thread-messages.ts";

export interface MailReaderOptions {
  /** How many mails are read at once. */
  threads: number;
  /** Longest time for one mail, ms of CPU, from when a thread takes it. */
  timeoutMs?: number;
  /** JavaScript heap of a thread, MB. Buffers come on top; understanding a mail makes few. */
  maxMemoryMb?: number;
}

/**
 * Reads mails in threads of their own, so that one that hangs, crashes or grows harms no other: it ends as `unreadable`
 * and its thread is replaced. Threads start with the first mails and stay warm.
 *
 * Written on `worker_threads`: the pools on offer count the time in the queue into a task's limit, and the rest of what
 * they do is not needed here.
 */
export interface MailReader {
  /** Bytes in shared memory are read where they are; others are copied once. Rejects for faults of ours, never for a mail's. */
  read(raw: SharedArrayBuffer | Uint8Array): Promise<MailReading>;
  /** Ends the threads; reads that wait or run are rejected. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 5000;
const MAX_MEMORY_MB = 256;

/** See {@link MailReader}. */
export function makeMailReader({ threads, timeoutMs = TIMEOUT_MS, maxMemoryMb = MAX_MEMORY_MB }: MailReaderOptions): MailReader {
  const idle: ReadingThread[] = [];
  const all = new Set<ReadingThread>();
  const waiting: { take(thread: ReadingThread): void; refuse(error: Error): void }[] = [];
  let isClosed = false;

  function takeThread(): Promise<ReadingThread> {
    if (isClosed) return Promise.reject(new Error("the mail reader is closed"));
    const warm = idle.pop();
    if (warm) return Promise.resolve(warm);
    if (all.size < threads) return Promise.resolve(startThread());
    return new Promise((take, refuse) => waiting.push({ take, refuse }));
  }

  function startThread(): ReadingThread {
    const thread = startReadingThread({ timeoutMs, maxMemoryMb });
    all.add(thread);
    return thread;
  }

  function handOn(thread: ReadingThread): void {
    const next = waiting.shift();
    if (next) next.take(thread);
    else idle.push(thread);
  }

  function replace(thread: ReadingThread): void {
    all.delete(thread);
    if (!isClosed && waiting.length > 0) handOn(startThread());
  }

  return {
    async read(raw) {
      const thread = await takeThread();
      try {
        const { reading, isSpent } = await thread.read(shared(raw));
        if (isClosed) throw new Error("the mail reader is closed");
        if (isSpent) replace(thread);
        else handOn(thread);
        return reading;
      } catch (error) {
        replace(thread);
        throw error;
      }
    },
    async close() {
      isClosed = true;
      for (const { refuse } of waiting.splice(0)) refuse(new Error("the mail reader is closed"));
      await Promise.all([...all].map((thread) => thread.end()));
    },
  };
}

/** Only shared memory crosses to a thread without a copy. */
function shared(raw: SharedArrayBuffer | Uint8Array): Uint8Array {
  if (raw instanceof SharedArrayBuffer) return new Uint8Array(raw);
  if (raw.buffer instanceof SharedArrayBuffer) return raw;
  const copy = new Uint8Array(new SharedArrayBuffer(raw.length));
  copy.set(raw);
  return copy;
}
