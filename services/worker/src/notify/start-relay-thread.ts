import type { Worker } from "node:worker_threads";
import { gatherTurn, messageOf, spawnThread, type ThreadEntry } from "@openticket/runtime";
import type { Letter } from "./letter.ts";
import type { WritingOptions } from "./mail-writer.ts";
import type { RelayConnectionsOptions } from "./relay-connections.ts";
import { type SmtpFault, THREAD_FAULT } from "./smtp-faults.ts";

/** What the thread works with: plain data. */
export interface RelayThreadOptions {
  relay: RelayConnectionsOptions;
  /** For one mail, from when the thread has its letter. */
  sendTimeoutMs: number;
  writing: WritingOptions;
}

/** A letter for the thread; its answer has the same number. Those of a turn cross together, as JSON: half the cost of a clone. */
export interface RelayTask {
  id: number;
  letter: Letter;
}

/** What became of it. */
export type RelayAnswer = { id: number; sent: SentMail } | { id: number; fault: SmtpFault };

interface SentMail {
  messageId: string;
  bytes: number;
}

/** Mails on their way to a relay. */
interface RelayThread {
  /** Writes the mail and hands it to the relay. Throws what nodemailer says of it, or with a `code` of ours, see smtp-faults.ts. */
  send(letter: Letter): Promise<SentMail>;
  /** Ends the thread: what is still being sent fails, and nothing more is sent. */
  close(): Promise<void>;
}

/**
 * Mails are written, and handed to the relay, in a thread of their own.
 *
 * Problem: SMTP is many small steps for each mail, which between the steps of tickets cost several times what they cost alone;
 * encryption comes on top. And a message of Markdown may take 60 ms to become HTML, in which no ticket would be written.
 * Choice: a thread that does nothing else. Letters cross to it, and answers back, those of a turn together.
 * Invariants: it starts with the first mail. Should it come to its end, what is in hand fails for now, and the next mail starts
 * another. One that keeps no time limit, busy with what a relay gives it to read, is ended.
 */
export function startRelayThread(options: RelayThreadOptions, spawn: (entry: ThreadEntry) => Worker = spawnThread): RelayThread {
  const inHand = new Map<number, (outcome: SentMail | SmtpFault) => void>();
  const tasks = gatherTurn<RelayTask>(handOver);
  let thread: Worker | undefined;
  let lastId = 0;
  let lastHandedOver = 0;
  let reason = CLOSED;
  let isClosed = false;

  function handOver(together: RelayTask[]): void {
    try {
      if (isClosed) throw new Error(CLOSED);
      thread ??= start();
      thread.postMessage(JSON.stringify(together));
      lastHandedOver = together.at(-1)?.id ?? lastHandedOver;
    } catch (error) {
      for (const { id } of together) settle(id, ended(messageOf(error)));
    }
  }

  function start(): Worker {
    reason = CLOSED;
    const started = spawn({
      from: import.meta.url,
      source: "./relay-thread.ts",
      bundled: "./relay-thread.mjs",
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      workerData: options,
    });
    started.on("message", (answers: RelayAnswer[]) => {
      for (const answer of answers) settle(answer.id, "sent" in answer ? answer.sent : answer.fault);
    });
    started.on("error", (error) => {
      reason = messageOf(error);
    });
    started.on("exit", () => {
      thread = undefined;
      for (const id of inHand.keys()) if (id <= lastHandedOver) settle(id, ended(reason));
    });
    // The time limit of what is in hand keeps the process, nothing else.
    started.unref();
    return started;
  }

  /** What it has in hand fails with it; what the relay has taken of that goes out again, under its name. */
  function endStuck(): void {
    reason = "it kept no time limit";
    void thread?.terminate();
  }

  function settle(id: number, outcome: SentMail | SmtpFault): void {
    inHand.get(id)?.(outcome);
    inHand.delete(id);
  }

  return {
    send(letter) {
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        const watchdog = setTimeout(endStuck, options.sendTimeoutMs + STUCK_AFTER_MS);
        inHand.set(id, (outcome) => {
          clearTimeout(watchdog);
          if ("messageId" in outcome) resolve(outcome);
          else reject(Object.assign(new Error(outcome.message), outcome));
        });
        tasks.add({ id, letter });
      });
    },
    async close() {
      isClosed = true;
      await thread?.terminate();
    },
  };
}

/** Of its heap: letters in hand, and the mail that is being written, of some MB at most. */
const MEMORY_MB = 256;
/** How long after a mail's time the thread may need to say so, ms; its start is in it, and the writing of another mail. */
const STUCK_AFTER_MS = 5000;
const CLOSED = "it was closed";

function ended(reason: string): SmtpFault {
  return { code: reason === CLOSED ? "ECONNECTION" : THREAD_FAULT, message: `The thread that speaks to the relay has ended: ${reason}` };
}
