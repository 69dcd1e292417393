import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import mongoose from "mongoose";
import { type Running, startProcess } from "../../support/processes.ts";
import type { BenchContext } from "../harness/context.ts";
import { sendMails } from "../harness/mail-load.ts";
import { allowed, atLeast, atMost, inTurns, type Measured, makeRow, type Row, warmUpOf } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { peakWhile } from "../harness/peak.ts";
import { sampleMail } from "../harness/tickets.ts";
import { MAIL_PROGRAM, OUR_EMAIL_DOOR, OUR_WORKER } from "../programs.ts";

const MIB = 1024 * 1024;
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
async function undecided(mongo: mongoose.Connection): Promise<void> {
  const inbound = mongo.collection("inbound");
  const deadline = performance.now() + DEADLINE_MS;
  while (await inbound.findOne({ state: "stored", checkAt: { $exists: true } }, { projection: { _id: 1 } })) {
    if (performance.now() > deadline) throw new Error(`${await inbound.countDocuments({ state: "stored" })} mails are not decided`);
    await sleep(LOOK_MS);
  }
  const other = await inbound.findOne({ state: { $ne: "ticket" } });
  if (other) throw new Error(`a mail became ${other.state}: ${JSON.stringify(other.reason)}`);
}

function portIn({ readyLine }: Running): number {
  return Number(/smtp:\/\/127\.0\.0\.1:(\d+)/.exec(readyLine)?.[1]);
}

/** P8, the half of mail: the growth of resident memory while one mail of 25 MB after another comes in; the baseline is what is allowed. */
export async function largeMail(context: BenchContext): Promise<Row> {
  const allowedMib = 64;
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_EMAIL_DOOR, env)]);
  const redis = context.redis();
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  const mongo = await mongoose.createConnection(context.mongodbUrl).asPromise();
  const ours: Measured[] = [];
  const [redisBytes, secondsEach]: [number[], number[]] = [[], []];
  const one = async (mailOf: () => string) => {
    await sendMails(portIn(door), { mails: 1, connections: 1, mailOf });
    await undecided(mongo);
  };
  try {
    for (let n = 0; n < 20; n++) await one(sampleMail);
    for (let round = 0; round < context.rounds; round++) {
      const before = { door: door.usage().rssBytes, worker: worker.usage().rssBytes, redis: await usedBytes() };
      const startedAt = performance.now();
      const peak = await peakWhile([door, worker], () => one(() => mailWithFile(25 * MIB)));
      secondsEach.push((performance.now() - startedAt) / 1000);
      redisBytes.push((await usedBytes()) - before.redis);
      ours.push({ value: Math.max((peak[0] ?? 0) - before.door, (peak[1] ?? 0) - before.worker) / MIB });
    }
  } finally {
    await mongo.close();
    await Promise.all([door.stop(), worker.stop()]);
  }
  const what = "resident memory that a mail of 25 MB adds to door or worker, against what is allowed";
  const notes = { redisGrowthBytes: redisBytes, redisGoalBytes: 10_000, secondsEach };
  return makeRow({ row: "P8MAIL", what, unit: "MiB", isRate: false, goal: atMost(1) }, { ours, baseline: allowed(allowedMib, ours.length) }, notes);
}

/** A mail of so many bytes with one attachment. */
function mailWithFile(bytes: number): string {
  const id = randomBytes(12).toString("hex");
  const line = `${randomBytes(57).toString("base64")}\r\n`;
  const head = `Message-ID: <${id}@bench.example.test>\r\nFrom: ada@bench.example.test\r\nSubject: A large mail\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${id}"\r\n\r\n`;
  const text = `--${id}\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n`;
  const file = `--${id}\r\nContent-Type: application/octet-stream; name="large.bin"\r\nContent-Disposition: attachment; filename="large.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  return `${head}${text}${file}${line.repeat(Math.floor(bytes / line.length))}--${id}--\r\n`;
}
