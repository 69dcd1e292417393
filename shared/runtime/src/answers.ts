import type { EventEmitter } from "node:events";

/** What came of a task. `late`, `ended`: the thread, or process, has come to its end with it. */
export type ThreadOutcome<Answer> = { kind: "answered"; answer: Answer } | { kind: "late" } | { kind: "ended"; error: Error | undefined };

interface Answers<Answer> {
  /** Rejects when it ended before it was ready. */
  ready: Promise<void>;
  hasEnded(): boolean;
  /** To be called before the task is sent. */
  next(): Promise<ThreadOutcome<Answer>>;
}

/** Messages of a thread or a process as promises: that it is ready, and the outcome of the task in hand. */
export function answersOf<Answer extends { kind: string }>(worker: Pick<EventEmitter, "on">, name: string): Answers<Answer> {
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
    hasEnded: () => ended !== undefined,
    next: () => (ended ? Promise.resolve(ended) : new Promise((resolve) => (settle = resolve))),
  };
}

function isReady(answer: { kind: string }): answer is { kind: "ready" } {
  return answer.kind === "ready";
}
