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
const write = await makeMailWriter(writing);
const connections = makeRelayConnections(relay);
const answers = gatherTurn<RelayAnswer>((together) => parentPort?.postMessage(together));

parentPort?.on("message", (tasks: string) => {
  for (const task of JSON.parse(tasks) as RelayTask[]) void carryOut(task);
});

async function carryOut({ id, letter }: RelayTask): Promise<void> {
  try {
    const { messageId, envelope, raw } = written(letter);
    const bytes = Buffer.from(raw);
    await connections.send(envelope, bytes);
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
    throw Object.assign(new Error(`The mail could not be written: ${reason}`, { cause }), { code: WRITING_FAULT });
  }
}
