import { parentPort, workerData } from "node:worker_threads";
import { gatherTurn } from "@openticket/runtime";
import type { Letter } from "./letter.ts";
import { makeMailWriter } from "./mail-writer.ts";
import { type Envelope, makeRelayConnections } from "./relay-connections.ts";
import { LATE_FAULT, readSmtpFault, type SmtpFault, WRITING_FAULT } from "./smtp-faults.ts";
import type { RelayAnswer, RelayTask, RelayThreadOptions } from "./start-relay-thread.ts";

/** The thread that writes mails and hands them to the relay: each message to it is some letters, each back what became of some. */
const { relay, sendTimeoutMs, writing } = workerData as RelayThreadOptions;
const write = makeMailWriter(writing);
const connections = makeRelayConnections(relay);
const answers = gatherTurn<RelayAnswer>((together) => parentPort?.postMessage(together));
/** In the order in which they came. */
const unwritten: Unwritten[] = [];

interface Unwritten extends RelayTask {
  /** When its time is over, ms. */
  endsAt: number;
}

/** After so long, ms, what the relays have said meanwhile is heard before the next mail is written. */
const SLICE_MS = 5;

parentPort?.on("message", (tasks: string) => {
  if (unwritten.length === 0) setImmediate(writeSome);
  const endsAt = performance.now() + sendTimeoutMs;
  for (const task of JSON.parse(tasks) as RelayTask[]) unwritten.push({ ...task, endsAt });
});

function writeSome(): void {
  const until = performance.now() + SLICE_MS;
  let count = 0;
  do {
    const task = unwritten[count++];
    if (task) carryOut(task);
  } while (count < unwritten.length && performance.now() < until);
  unwritten.splice(0, count);
  if (unwritten.length > 0) setImmediate(writeSome);
}

/** A mail whose time is over before it can go out was not tried: no connection is made for it. */
function carryOut({ id, letter, endsAt }: Unwritten): void {
  const fail = (fault: SmtpFault) => answers.add({ id, fault });
  const isLate = () => performance.now() >= endsAt;
  if (isLate()) return fail(LATE);
  try {
    const mail = writtenMail(letter);
    if (isLate()) return fail(LATE);
    void handOver(id, mail, endsAt - performance.now());
  } catch (error) {
    fail({ ...readSmtpFault(error), code: WRITING_FAULT });
  }
}

const LATE: SmtpFault = { code: LATE_FAULT, message: "The mail's time was over before it was written" };

/** Of the letter nothing is kept while it is on its way. */
function writtenMail(letter: Letter): ReadyMail {
  const { messageId, envelope, raw } = write(letter);
  return { messageId, envelope, bytes: Buffer.from(raw) };
}

interface ReadyMail {
  messageId: string;
  envelope: Envelope;
  bytes: Buffer;
}

async function handOver(id: number, { messageId, envelope, bytes }: ReadyMail, leftMs: number): Promise<void> {
  try {
    await connections.send(envelope, bytes, leftMs);
    answers.add({ id, sent: { messageId, bytes: bytes.length } });
  } catch (error) {
    answers.add({ id, fault: readSmtpFault(error) });
  }
}
