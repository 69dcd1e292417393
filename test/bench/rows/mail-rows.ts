import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import mongoose from "mongoose";
import { type Running, startProcess } from "../../support/processes.ts";
import type { BenchContext } from "../harness/context.ts";
import { sendMails } from "../harness/mail-load.ts";
import { atLeast, inTurns, type Measured, makeRow, type Row, warmUpOf } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { sampleMail } from "../harness/tickets.ts";
import { MAIL_PROGRAM, OUR_EMAIL_DOOR, OUR_WORKER } from "../programs.ts";

const LOOK_MS = 10;
/** Longest time for mails to become tickets once they are stored, ms. */
const DEADLINE_MS = 120_000;

/** P6: mails over SMTP until the last one is a ticket; ours has stored the raw message before 250. */
export async function mailToTicket(context: BenchContext): Promise<Row> {
  const load = { mails: context.isQuick ? 300 : 5000, connections: 50 };
  const mongo = await mongoose.createConnection(context.mongodbUrl).asPromise();
  try {
    const sides = await inTurns(
      context.rounds,
      () => ourMails(context, mongo, load),
      () => theirMails(context, load),
    );
    const what = `${load.mails} mails of 2 kB over ${load.connections} SMTP connections until each is a ticket, raw stored before 250, against smtp-server + simpleParser + one insert`;
    return makeRow({ row: "P6", what, unit: "mails/s", isRate: true, goal: atLeast(1.5) }, sides);
  } finally {
    await mongo.close();
  }
}

interface MailLoad {
  mails: number;
  connections: number;
}

async function ourMails(context: BenchContext, mongo: mongoose.Connection, load: MailLoad): Promise<Measured> {
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_EMAIL_DOOR, env)]);
  try {
    await sendMails(portIn(door), { ...load, mails: warmUpOf(load.mails), mailOf: sampleMail });
    await undecided(mongo);
    return await timed(context, { worker, door }, load, async () => {
      const latencyMs = await sendMails(portIn(door), { ...load, mailOf: sampleMail });
      await undecided(mongo);
      return latencyMs;
    });
  } finally {
    await Promise.all([door.stop(), worker.stop()]);
  }
}

async function theirMails(context: BenchContext, load: MailLoad): Promise<Measured> {
  const program = await startProcess(MAIL_PROGRAM, context.env(`bench-${randomUUID()}`));
  try {
    await sendMails(portIn(program), { ...load, mails: warmUpOf(load.mails), mailOf: sampleMail });
    return await timed(context, { program }, load, () => sendMails(portIn(program), { ...load, mailOf: sampleMail }));
  } finally {
    await program.stop();
  }
}

async function timed(
  context: BenchContext,
  processes: Record<string, Running>,
  { mails }: MailLoad,
  work: () => Promise<Measured["latencyMs"]>,
): Promise<Measured> {
  const startedAt = performance.now();
  const { result, ...spent } = await metered(context, processes, () => mails, work);
  const seconds = (performance.now() - startedAt) / 1000;
  return { value: mails / seconds, ...(result && { latencyMs: result }), ...spent };
}

/** Ends when every message that came in is decided; all of them have to be tickets. */
export async function undecided(mongo: mongoose.Connection): Promise<void> {
  const inbound = mongo.collection("inbound");
  const deadline = performance.now() + DEADLINE_MS;
  while (await inbound.findOne({ state: "stored", checkAt: { $exists: true } }, { projection: { _id: 1 } })) {
    if (performance.now() > deadline) throw new Error(`${await inbound.countDocuments({ state: "stored" })} mails are not decided`);
    await sleep(LOOK_MS);
  }
  const other = await inbound.findOne({ state: { $ne: "ticket" } });
  if (other) throw new Error(`a mail became ${other.state}: ${JSON.stringify(other.reason)}`);
}

/** The port that a door, or a program in its place, says that it listens on. */
export function portIn({ readyLine }: Running): number {
  return Number(/smtp:\/\/127\.0\.0\.1:(\d+)/.exec(readyLine)?.[1]);
}
