import { parentPort, workerData } from "node:worker_threads";
import { gatherTurn } from "@openticket/runtime";
import type { Letter } from "./letter.ts";
import type { OutgoingMail } from "./mail-transport.ts";
import { makeMailWriter } from "./mail-writer.ts";
import { makeRelayConnections } from "./relay-connections.ts";
import { readSmtpFault, WRITING_FAULT } from "./smtp-faults.ts";
import type { RelayAnswer, RelayTask, RelayThreadOptions } from "./start-relay-thread.ts";

/** The thread that writes mails and hands them to the relay: each message to it is some letters, each back what became of some. */
const { relay, writing } = workerData as RelayThreadOptions;
const write = makeMailWriter(writing);
const connections = makeRelayConnections(relay);
const answers = gatherTurn<RelayAnswer>((together) => parentPort?.postMessage(together));
const unwritten: (RelayTask & { takenAt: number })[] = [];

/** After so long, ms, what the relays have said meanwhile is heard before the next mail is written. */
const SLICE_MS = 5;

parentPort?.on("message", (tasks: string) => {
  if (unwritten.length === 0) setImmediate(writeSome);
  const takenAt = performance.now();
  for (const task of JSON.parse(tasks) as RelayTask[]) unwritten.push({ ...task, takenAt });
});

function writeSome(): void {
  const until = performance.now() + SLICE_MS;
  let count = 0;
  do {
    const task = unwritten[count++];
    if (task) void carryOut(task);
  } while (count < unwritten.length && performance.now() < until);
  unwritten.splice(0, count);
  if (unwritten.length > 0) setImmediate(writeSome);
}

/** A mail's time runs from when the thread has it. */
async function carryOut({ id, letter, takenAt }: RelayTask & { takenAt: number }): Promise<void> {
  try {
    const { messageId, envelope, raw } = written(letter);
    const bytes = Buffer.from(raw);
    await connections.send(envelope, bytes, relay.sendTimeoutMs - (performance.now() - takenAt));
    answers.add({ id, sent: { messageId, bytes: bytes.length } });
  } catch (error) {
    answers.add({ id, fault: readSmtpFault(error) });
  }
}

function written(letter: Letter): OutgoingMail {
  try {
    return write(letter);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw Object.assign(new Error(`The mail ${letter.trace.template} could not be written: ${reason}`, { cause }), { code: WRITING_FAULT });
  }
}
