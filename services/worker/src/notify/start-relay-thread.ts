import type { Worker } from "node:worker_threads";
import { gatherTurn, spawnThread, type ThreadEntry } from "@openticket/runtime";
import type { Envelope, RelayConnections, RelayConnectionsOptions } from "./relay-connections.ts";
import { type SmtpFault, THREAD_FAULT } from "./smtp-faults.ts";

/** A mail for the thread; its answer has the same number. */
export interface RelayTask {
  id: number;
  envelope: Envelope;
  raw: string;
}

/** Without a fault, the relay has taken the mail. */
export interface RelayAnswer {
  id: number;
  fault?: SmtpFault;
}

/** {@link RelayConnections} that can be given up. */
interface RelayThread extends RelayConnections {
  /** Ends the thread: what is still being sent fails, and nothing more is sent. */
  close(): Promise<void>;
}

/**
 * The connections to a relay in a thread of their own.
 *
 * Problem: SMTP is many small steps for each mail. Between the steps of tickets they cost several times what they cost alone,
 * and encryption comes on top.
 * Choice: a thread that speaks to the relay and does nothing else. Mails cross to it, and answers back, those of a turn together.
 * Invariants: it starts with the first mail. Should it come to its end, what is in hand fails for now, and the next mail starts
 * another. One that keeps no time limit, busy with what a relay gives it to read, is ended.
 */
export function startRelayThread(options: RelayConnectionsOptions, spawn: (entry: ThreadEntry) => Worker = spawnThread): RelayThread {
  const inHand = new Map<number, (fault: SmtpFault | undefined) => void>();
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
      thread.postMessage(together);
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
      for (const { id, fault } of answers) settle(id, fault);
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

  function settle(id: number, fault: SmtpFault | undefined): void {
    inHand.get(id)?.(fault);
    inHand.delete(id);
  }

  return {
    send(envelope, raw) {
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        const watchdog = setTimeout(endStuck, options.sendTimeoutMs + STUCK_AFTER_MS);
        inHand.set(id, (fault) => {
          clearTimeout(watchdog);
          if (fault) reject(Object.assign(new Error(fault.message), fault));
          else resolve();
        });
        tasks.add({ id, envelope, raw });
      });
    },
    async close() {
      isClosed = true;
      await thread?.terminate();
    },
  };
}

/** Of its heap; a mail has some MB at most. */
const MEMORY_MB = 256;
/** How long after a mail's time the thread may need to say so, ms; its start is in it. */
const STUCK_AFTER_MS = 5000;
const CLOSED = "it was closed";

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function ended(reason: string): SmtpFault {
  return { code: reason === CLOSED ? "ECONNECTION" : THREAD_FAULT, message: `The thread that speaks to the relay has ended: ${reason}` };
}
