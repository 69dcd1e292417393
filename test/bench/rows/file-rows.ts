import { randomUUID } from "node:crypto";
import { type Running, startProcess } from "../../support/processes.ts";
import { BENCH_CREDENTIALS, type BenchContext, redisMemory } from "../harness/context.ts";
import { allowed, atMost, inTurns, type Measured, makeRow, median, NO_GOAL, type Row, warmUpOf, within } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { FILE_DOOR, OUR_DOOR, OUR_WORKER, PLAIN_WORKER, QUEUE, WAITING_DOOR } from "../programs.ts";
import { bareCall, restCall, throughDoor, urlIn } from "./http-rows.ts";

const MIB = 1024 * 1024;
const LARGE_BYTES = 25 * MIB;

export const tenKilobytes = (context: BenchContext) => withFile(context, { row: "F10K", bytes: 10_000, connections: 50 });
export const oneMegabyte = (context: BenchContext) => withFile(context, { row: "F1M", bytes: 1_000_000, connections: 10 });

/** A file with each ticket, against the same file in the job of the plain worker. */
async function withFile(context: BenchContext, { row, bytes, connections }: { row: string; bytes: number; connections: number }): Promise<Row> {
  const load = { connections, seconds: context.isQuick ? 3 : 10 };
  const data = Buffer.alloc(bytes, randomUUID()).toString("base64");
  const attachments = [{ name: "file.txt", data }];
  const sides = await inTurns(
    context.rounds,
    () => throughDoor(context, { door: OUR_DOOR, worker: OUR_WORKER, request: (url) => restCall(url, { ...sampleTicket(), attachments }, 201), ...load }),
    () => throughDoor(context, { door: WAITING_DOOR, worker: PLAIN_WORKER, request: (url) => bareCall(url, 200, { attachments }), ...load }),
  );
  const what = `a file of ${bytes} bytes with each ticket over HTTP, ${connections} connections, against the same in the plain worker's job and document`;
  return makeRow({ row, what, unit: "tickets/s", isRate: true, goal: NO_GOAL }, sides);
}

/** 25 MB fit neither a job nor a document: the baseline streams them into GridFS. No file is like another. */
export async function twentyFiveMegabytes(context: BenchContext): Promise<Row> {
  const uploads = context.isQuick ? 3 : 10;
  const side = (door: string, worker: string, path: string) => async (): Promise<Measured> => {
    const env = context.env(`bench-${randomUUID()}`);
    const [front, back] = await Promise.all([startProcess(door, env, [QUEUE]), startProcess(worker, env, [QUEUE])]);
    const url = `${urlIn(front.readyLine)}${path}`;
    try {
      for (let n = 0; n < warmUpOf(uploads); n++) await upload(url, LARGE_BYTES);
      const work = async () => {
        const startedAt = performance.now();
        for (let n = 0; n < uploads; n++) await upload(url, LARGE_BYTES);
        return (performance.now() - startedAt) / 1000;
      };
      const { result: seconds, ...spent } = await metered(context, { door: front, worker: back }, () => uploads, work);
      return { value: seconds / uploads, ...spent };
    } finally {
      await Promise.all([front.stop(), back.stop()]);
    }
  };
  const sides = await inTurns(context.rounds, side(OUR_DOOR, OUR_WORKER, CLASSIC_PATH), side(FILE_DOOR, PLAIN_WORKER, "/"));
  const what = "a multipart upload of 25 MB, one after another, against a fastify route that streams it to GridFS, and the plain worker";
  return makeRow({ row: "F25M", what, unit: "s", isRate: false, goal: NO_GOAL }, sides);
}

/** What Redis may keep of a large file: nothing but its command. */
const REDIS_BYTES = 10_000;
/** Uploads that bring processes and Redis to their usual memory. */
const WARM_UPLOADS = 20;

/** P8: the growth of resident memory while one large file after another comes in; the baseline is what is allowed. */
export async function largeFiles(context: BenchContext): Promise<Row> {
  const allowedMib = 64;
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const redis = context.redis();
  const ours: Measured[] = [];
  const redisBytes: number[] = [];
  try {
    const url = `${urlIn(door.readyLine)}${CLASSIC_PATH}`;
    for (let n = 0; n < WARM_UPLOADS; n++) await upload(url, 1000);
    for (let round = 0; round < context.rounds; round++) {
      const before = { door: door.usage().rssBytes, worker: worker.usage().rssBytes, redis: await redisMemory(redis) };
      const peak = await peakWhile([door, worker], () => upload(url, LARGE_BYTES));
      redisBytes.push((await redisMemory(redis)) - before.redis);
      ours.push({ value: Math.max((peak[0] ?? 0) - before.door, (peak[1] ?? 0) - before.worker) / MIB });
    }
  } finally {
    await Promise.all([door.stop(), worker.stop()]);
  }
  const what = "resident memory that a 25 MB upload adds to door or worker, against what is allowed";
  const conditions = [within("Redis at most 10 kB more", { value: median(redisBytes), bound: REDIS_BYTES, unit: "bytes" })];
  const head = { row: "P8", what, unit: "MiB", isRate: false, goal: atMost(1), conditions };
  return makeRow(head, { ours, baseline: allowed(allowedMib, ours.length) }, { redisBytes });
}

const CLASSIC_PATH = "/includes/api.php";

async function upload(url: string, bytes: number): Promise<void> {
  const form = new FormData();
  const fields = { action: "OpenTicket", responsetype: "json", ...BENCH_CREDENTIALS, ...sampleTicket() };
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  form.append("attachments[]", new Blob([Buffer.alloc(bytes, randomUUID())]), "large.bin");
  const response = await fetch(url, { method: "POST", body: form });
  const text = await response.text();
  if (!text.includes('"success"')) throw new Error(`an upload was refused: ${text.slice(0, 200)}`);
}

const LOOK_MS = 10;

/** Highest resident memory of each process while the work is done, bytes. */
async function peakWhile(processes: readonly Running[], work: () => Promise<void>): Promise<number[]> {
  const peaks = processes.map(() => 0);
  const look = () => {
    for (const [index, process] of processes.entries()) peaks[index] = Math.max(peaks[index] ?? 0, process.usage().rssBytes);
  };
  const timer = setInterval(look, LOOK_MS);
  await work().finally(() => clearInterval(timer));
  look();
  return peaks;
}
