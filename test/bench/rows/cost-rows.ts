import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import mongoose from "mongoose";
import { startProcess } from "../../support/processes.ts";
import { backlogRate, layBacklog } from "../harness/backlog.ts";
import { addDepartments, BENCH_CREDENTIALS, type BenchContext } from "../harness/context.ts";
import { httpLoad } from "../harness/http-load.ts";
import { allowed, atMost, type Measured, makeRow, median, NO_GOAL, type Row } from "../harness/measure.ts";
import { metered } from "../harness/meter.ts";
import { peakWhile } from "../harness/peak.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { OUR_DOOR, OUR_WORKER, QUEUE } from "../programs.ts";
import { classicCall, urlIn } from "./http-rows.ts";

const MIB = 1024 * 1024;

/** P7: the same backlog into a store that holds few tickets and then many. */
export async function growth(context: BenchContext): Promise<Row> {
  const [few, many] = context.isQuick ? [200, 2000] : [10_000, 1_000_000];
  const jobs = context.isQuick ? 300 : 10_000;
  return onOwnDatabase(context, "growth", async (ours, connection) => {
    const round = async (): Promise<Measured> => {
      const { value, ...rest } = await backlogRate(ours, OUR_WORKER, { queueName: QUEUE, jobs });
      return { value: 1000 / value, ...rest };
    };
    const rounds = async () => {
      const done: Measured[] = [];
      for (let n = 0; n < context.rounds; n++) done.push(await round());
      return done;
    };
    await round();
    await fillTo(connection, few);
    const baseline = await rounds();
    await fillTo(connection, many);
    const what = `a ticket with ${many} stored against one with ${few}, from a backlog of ${jobs}`;
    const notes = { order: "the rounds with few come before those with many: tickets are not taken out again" };
    return makeRow({ row: "P7", what, unit: "ms", isRate: false, goal: atMost(1.15) }, { ours: await rounds(), baseline }, notes);
  });
}

async function onOwnDatabase<T>(context: BenchContext, name: string, work: (context: BenchContext, connection: mongoose.Connection) => Promise<T>): Promise<T> {
  const url = new URL(context.mongodbUrl);
  url.pathname = `/${name}${randomUUID().slice(0, 8)}`;
  const connection = await mongoose.createConnection(url.href).asPromise();
  try {
    await addDepartments(connection);
    return await work({ ...context, env: (prefix) => ({ ...context.env(prefix), MONGODB_URL: url.href }) }, connection);
  } finally {
    await connection.dropDatabase();
    await connection.close();
  }
}

/** Copies of a stored ticket under other names, with ids far above those that are dealt. */
async function fillTo(connection: mongoose.Connection, count: number): Promise<void> {
  const tickets = connection.collection<{ _id: string; id: number; tid: string; requestId: string }>("tickets");
  const model = await tickets.findOne({});
  if (!model) throw new Error("there is no ticket to copy");
  const BATCH = 5000;
  for (let stored = await tickets.countDocuments(); stored < count; stored += BATCH) {
    const copies = Array.from({ length: Math.min(BATCH, count - stored) }, (_, n) => {
      const name = `req_${randomUUID().replaceAll("-", "")}`;
      return { ...model, _id: name, requestId: name, id: 1_000_000_000 + stored + n, tid: `F${stored + n}` };
    });
    await tickets.insertMany(copies, { ordered: false });
  }
}

/** What a ticket takes up: in MongoDB once it is stored, against its own JSON; in Redis while it waits. */
export async function bytesOfTicket(context: BenchContext): Promise<Row> {
  const jobs = context.isQuick ? 500 : 20_000;
  return onOwnDatabase(context, "bytes", async (ours, connection) => {
    await backlogRate(ours, OUR_WORKER, { queueName: QUEUE, jobs });
    await connection.db?.admin().command({ fsync: 1 });
    const [stats] = await connection
      .collection("tickets")
      .aggregate([{ $collStats: { storageStats: {} } }])
      .toArray();
    const { storageSize, totalIndexSize, size } = stats?.storageStats ?? {};
    const notes = {
      mongodbDataBytes: storageSize / jobs,
      mongodbIndexBytes: totalIndexSize / jobs,
      documentBytes: size / jobs,
      redisBytesWhileWaiting: await waitingBytes(context, jobs),
    };
    const jsonBytes = Buffer.byteLength(JSON.stringify(sampleTicket()));
    const sides = { ours: [{ value: (storageSize + totalIndexSize) / jobs }], baseline: [{ value: jsonBytes }] };
    return makeRow(
      { row: "BYTES", what: "bytes on MongoDB's disk for a ticket of 1 kB with its indexes, against its JSON", unit: "bytes", isRate: false, goal: NO_GOAL },
      sides,
      notes,
    );
  });
}

async function waitingBytes(context: BenchContext, jobs: number): Promise<number> {
  const redis = context.redis();
  const used = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  const queue = new Queue(QUEUE, { connection: redis, prefix: `bench-${randomUUID()}` });
  const before = await used();
  await layBacklog(queue, jobs, sampleTicket());
  const after = await used();
  await queue.obliterate({ force: true });
  await queue.close();
  return (after - before) / jobs;
}

/** P8: the growth of resident memory while one large file after another comes in; the baseline is what is allowed. */
export async function largeFiles(context: BenchContext): Promise<Row> {
  const fileBytes = 25 * MIB;
  const allowedMib = 64;
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const redis = context.redis();
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  const ours: Measured[] = [];
  const [redisBytes, secondsEach]: [number[], number[]] = [[], []];
  try {
    const url = urlIn(door.readyLine);
    for (let n = 0; n < 20; n++) await upload(url, 1000);
    for (let round = 0; round < context.rounds; round++) {
      const before = { door: door.usage().rssBytes, worker: worker.usage().rssBytes, redis: await usedBytes() };
      const startedAt = performance.now();
      const peak = await peakWhile([door, worker], () => upload(url, fileBytes));
      secondsEach.push((performance.now() - startedAt) / 1000);
      redisBytes.push((await usedBytes()) - before.redis);
      ours.push({ value: Math.max((peak[0] ?? 0) - before.door, (peak[1] ?? 0) - before.worker) / MIB });
    }
  } finally {
    await Promise.all([door.stop(), worker.stop()]);
  }
  const what = "resident memory that a 25 MB upload adds to door or worker, against what is allowed";
  const notes = { redisGrowthBytes: redisBytes, redisGoalBytes: 10_000, secondsEach };
  return makeRow({ row: "P8", what, unit: "MiB", isRate: false, goal: atMost(1) }, { ours, baseline: allowed(allowedMib, ours.length) }, notes);
}

async function upload(url: string, bytes: number): Promise<void> {
  const form = new FormData();
  const fields = { action: "OpenTicket", responsetype: "json", ...BENCH_CREDENTIALS, ...sampleTicket() };
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  form.append("attachments[]", new Blob([Buffer.alloc(bytes, randomUUID())]), "large.bin");
  const response = await fetch(`${url}/includes/api.php`, { method: "POST", body: form });
  const text = await response.text();
  if (!text.includes('"success"')) throw new Error(`an upload was refused: ${text.slice(0, 200)}`);
}

/** P9: CPU of an idle door and worker, against what is allowed. */
export async function idle(context: BenchContext): Promise<Row> {
  const seconds = context.isQuick ? 2 : 20;
  const env = context.env(`bench-${randomUUID()}`);
  const processes = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const ours: Measured[] = [];
  let rssMib: number[] = [];
  try {
    await sleep(context.isQuick ? 500 : 5000);
    for (let round = 0; round < context.rounds; round++) {
      const before = processes.map((process) => process.usage().cpuMs);
      await sleep(seconds * 1000);
      const after = processes.map((process) => process.usage());
      const percents = after.map(({ cpuMs }, index) => (cpuMs - (before[index] ?? 0)) / (seconds * 10));
      rssMib = after.map(({ rssBytes }) => Math.round(rssBytes / MIB));
      ours.push({ value: Math.max(...percents) });
    }
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
  const what = "CPU of an idle door or worker, against what is allowed";
  const notes = { residentMib: { worker: rssMib[0], door: rssMib[1] }, residentGoalMib: 150 };
  return makeRow({ row: "P9", what, unit: "% of a core", isRate: false, goal: atMost(1) }, { ours, baseline: allowed(1, ours.length) }, notes);
}

/** Parts of the soak whose memory is compared. */
const WARM = { from: 0.2, to: 0.4 };
const LAST = { from: 0.8, to: 1 };
const SAMPLE_MS = 2000;

/** Ten minutes of steady requests: resident memory in its last fifth against its second one. */
export async function soak(context: BenchContext): Promise<Row> {
  const load = { connections: 50, seconds: context.isQuick ? 6 : 600, perSecond: context.isQuick ? 50 : 300 };
  const env = context.env(`bench-${randomUUID()}`);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const samples: { worker: number; door: number }[] = [];
  const timer = setInterval(
    () => samples.push({ worker: worker.usage().rssBytes / MIB, door: door.usage().rssBytes / MIB }),
    context.isQuick ? SAMPLE_MS / 10 : SAMPLE_MS,
  );
  try {
    const { result, costs } = await metered(
      context,
      { worker, door },
      ({ requests }) => requests,
      () => httpLoad(classicCall(urlIn(door.readyLine)), load),
    );
    const during = ({ from, to }: typeof WARM, name: "worker" | "door") =>
      median(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map((sample) => sample[name]));
    const [grown] = (["worker", "door"] as const)
      .map((name) => ({ warm: during(WARM, name), last: during(LAST, name) }))
      .toSorted((a, b) => b.last / b.warm - a.last / a.warm);
    const sides = { ours: [{ value: grown?.last ?? Number.NaN, latencyMs: result.latencyMs, costs }], baseline: [{ value: grown?.warm ?? Number.NaN }] };
    const what = `resident memory at the end of ${load.seconds} s at ${load.perSecond} requests a second, against when it was warm; the process that grew more`;
    return makeRow({ row: "SOAK", what, unit: "MiB", isRate: false, goal: atMost(1.1) }, sides, { samples, requests: result.requests });
  } finally {
    clearInterval(timer);
    await Promise.all([door.stop(), worker.stop()]);
  }
}
