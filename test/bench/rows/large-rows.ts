import { randomBytes, randomUUID } from "node:crypto";
import mongoose from "mongoose";
import { type Running, startProcess } from "../../support/processes.ts";
import { type BenchContext, bytesOfKeys } from "../harness/context.ts";
import { sendMails } from "../harness/mail-load.ts";
import { allowed, atMost, highest, makeRow, type Row, within } from "../harness/measure.ts";
import { peakWhile } from "../harness/peak.ts";
import { sampleMail } from "../harness/tickets.ts";
import { OUR_DOOR, OUR_EMAIL_DOOR, OUR_WORKER } from "../programs.ts";
import { CLASSIC_PATH, LARGE_BYTES, upload } from "./file-rows.ts";
import { urlIn } from "./http-rows.ts";
import { portIn, undecided } from "./mail-rows.ts";

const MIB = 1024 * 1024;
/** What a door or worker may grow by, MiB. */
const ALLOWED_MIB = 64;
/** What Redis may hold of a large file: nothing but its command. */
const REDIS_BYTES = 10_000;
/** Small ones that bring processes and Redis to their usual memory. */
const WARM_UP = 20;

/** P8. */
export const largeFiles = (context: BenchContext) =>
  grown(context, {
    row: "P8",
    item: "25 MB upload",
    program: OUR_DOOR,
    itemsOf(door) {
      const url = `${urlIn(door.readyLine)}${CLASSIC_PATH}`;
      return { small: () => upload(url, 1000), large: () => upload(url, LARGE_BYTES) };
    },
  });

/** P8, the half of mail. */
export async function largeMail(context: BenchContext): Promise<Row> {
  const mongo = await mongoose.createConnection(context.mongodbUrl).asPromise();
  const send = async (door: Running, mailOf: () => string) => {
    await sendMails(portIn(door), { mails: 1, connections: 1, mailOf });
    await undecided(mongo);
  };
  try {
    return await grown(context, {
      row: "P8MAIL",
      item: "mail of 25 MB",
      program: OUR_EMAIL_DOOR,
      itemsOf: (door) => ({ small: () => send(door, sampleMail), large: () => send(door, () => mailWithFile(LARGE_BYTES)) }),
    });
  } finally {
    await mongo.close();
  }
}

interface Large {
  row: string;
  item: string;
  /** The door. */
  program: string;
  /** What it takes; each ends when its ticket is opened. */
  itemsOf(door: Running): { small(): Promise<void>; large(): Promise<void> };
}

/**
 * The growth of memory while one large item after another comes in; the baseline is what is allowed. Each is counted from before
 * the first: what an earlier one left behind is growth too. None may be over what is allowed, so the highest counts.
 */
async function grown(context: BenchContext, { row, item, program, itemsOf }: Large): Promise<Row> {
  const env = context.env(`bench-${randomUUID()}`);
  const processes = await Promise.all([startProcess(OUR_WORKER, env), startProcess(program, env)]);
  const [worker, door] = processes;
  const redis = context.redis();
  const figures = [() => worker.usage().rssBytes, () => door.usage().rssBytes, () => bytesOfKeys(redis)];
  const rounds: { worker: number; door: number; redis: number; seconds: number }[] = [];
  try {
    const { small, large } = itemsOf(door);
    for (let n = 0; n < WARM_UP; n++) await small();
    const before = await Promise.all(figures.map((figure) => figure()));
    for (let round = 0; round < context.rounds; round++) {
      const startedAt = performance.now();
      const peaks = await peakWhile(figures, large);
      const [ofWorker = 0, ofDoor = 0, ofRedis = 0] = peaks.map((peak, index) => peak - (before[index] ?? 0));
      rounds.push({ worker: ofWorker, door: ofDoor, redis: ofRedis, seconds: (performance.now() - startedAt) / 1000 });
    }
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
  const ours = rounds.map((round) => ({ value: Math.max(round.worker, round.door) / MIB }));
  const what = `resident memory that one ${item} after another adds to door or worker, the highest of all, against what is allowed`;
  const conditions = [within("Redis at most 10 kB more", { value: highest(rounds.map((round) => round.redis)), bound: REDIS_BYTES, unit: "bytes" })];
  const head = { row, what, unit: "MiB", isRate: false, goal: atMost(1), conditions, ofRounds: highest };
  return makeRow(head, { ours, baseline: allowed(ALLOWED_MIB, ours.length) }, { grownBytes: rounds });
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
