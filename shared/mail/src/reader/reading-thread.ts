import { reasonOfEnd, startThread } from "@openticket/runtime";
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

/** Starts a thread that stays warm between mails. What takes too long, or more than `maxMemoryMb` of JavaScript heap, ends it. */
export function startReadingThread({ maxMemoryMb, withHtml }: ThreadOptions): ReadingThread {
  const workerData: ThreadStart = { withHtml };
  const thread = startThread<ThreadAnswer>({
    name: "a thread for reading mail",
    from: import.meta.url,
    source: "./thread.ts",
    bundled: "./mail-thread.mjs",
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
    workerData,
  });
  return {
    async read(raws, timeoutMs) {
      const { task, transfer } = packed(raws);
      const outcome = await thread.ask(task, timeoutMs, transfer);
      if (outcome.kind === "late") return { kind: "spent", reason: `it took longer than ${timeoutMs / 1000} s to read` };
      if (outcome.kind === "answered") return outcome.answer;
      return { kind: "spent", reason: reasonOfEnd(outcome.error, { maxMemoryMb, doing: "to read", crashed: "its parser crashed" }) };
    },
    end: thread.end,
  };
}

/** Shared memory crosses without a copy; others are copied into one piece, which is given away. */
function packed(raws: readonly Uint8Array[]): { task: ThreadTask; transfer: ArrayBuffer[] } {
  const [first] = raws;
  if (raws.length === 1 && first?.buffer instanceof SharedArrayBuffer) return { task: { bytes: first, ends: [first.length] }, transfer: [] };
  const bytes = new Uint8Array(raws.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const ends = raws.map((raw) => {
    bytes.set(raw, at);
    at += raw.length;
    return at;
  });
  return { task: { bytes, ends }, transfer: [bytes.buffer] };
}
