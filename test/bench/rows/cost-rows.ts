import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import mongoose from "mongoose";
import { type Running, startProcess } from "../../support/processes.ts";
import { backlogRate } from "../harness/backlog.ts";
import { addDepartment, BENCH_CREDENTIALS, type BenchContext } from "../harness/context.ts";
import { atMost, makeRow, type Round, type Row } from "../harness/measure.ts";
import { sampleTicket } from "../harness/tickets.ts";
import { OUR_DOOR, OUR_WORKER, QUEUE } from "../programs.ts";
import { urlIn } from "./http-rows.ts";

const MIB = 1024 * 1024;

/** The same backlog into a store that holds few tickets and then many. */
export async function growth(context: BenchContext): Promise<Row> {
  const [few, many] = context.isQuick ? [200, 2000] : [10_000, 1_000_000];
  const jobs = context.isQuick ? 300 : 10_000;
  const url = new URL(context.mongodbUrl);
  url.pathname = `/growth${randomUUID().slice(0, 8)}`;
  const ours: BenchContext = { ...context, env: (prefix) => ({ ...context.env(prefix), MONGODB_URL: url.href }) };
  const connection = await mongoose.createConnection(url.href).asPromise();
  const perTicketMs = async () => 1000 / (await backlogRate(ours, OUR_WORKER, { queueName: QUEUE, jobs })).rate;
  try {
    await addDepartment(connection);
    await perTicketMs();
    await fillTo(connection, few);
    const small: number[] = [];
    for (let round = 0; round < context.rounds; round++) small.push(await perTicketMs());
    await fillTo(connection, many);
    const large: number[] = [];
    for (let round = 0; round < context.rounds; round++) large.push(await perTicketMs());
    const rounds: Round[] = small.map((baseline, round) => ({ ours: large[round] ?? Number.NaN, baseline }));
    const head = {
      row: "P7",
      what: `a ticket with ${many} stored against one with ${few}, from a backlog of ${jobs}`,
      unit: "ms",
      isRate: false,
      goal: atMost(1.15),
    };
    return makeRow(head, rounds, { order: "the rounds with few come before those with many: tickets are not taken out again" });
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

/** The growth of resident memory while one large file after another comes in; the baseline is what is allowed. */
export async function largeFiles(context: BenchContext): Promise<Row> {
  const fileBytes = 25 * MIB;
  const allowedMib = 64;
  const prefix = `bench-${randomUUID()}`;
  const env = context.env(prefix);
  const [worker, door] = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const redis = context.redis();
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  const rounds: Round[] = [];
  const redisBytes: number[] = [];
  try {
    const url = urlIn(door.readyLine);
    for (let n = 0; n < 20; n++) await upload(url, 1000);
    for (let round = 0; round < context.rounds; round++) {
      const before = { door: door.usage().rssBytes, worker: worker.usage().rssBytes, redis: await usedBytes() };
      const peak = await peakWhile([door, worker], () => upload(url, fileBytes));
      redisBytes.push((await usedBytes()) - before.redis);
      const growth = Math.max((peak[0] ?? 0) - before.door, (peak[1] ?? 0) - before.worker);
      rounds.push({ ours: growth / MIB, baseline: allowedMib });
    }
  } finally {
    await Promise.all([door.stop(), worker.stop()]);
  }
  const head = {
    row: "P8",
    what: "resident memory that a 25 MB upload adds to door or worker, against what is allowed",
    unit: "MiB",
    isRate: false,
    goal: atMost(1),
  };
  return makeRow(head, rounds, { redisGrowthBytes: redisBytes, redisGoalBytes: 10_000 });
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

/** CPU of an idle door and worker, against what is allowed. */
export async function idle(context: BenchContext): Promise<Row> {
  const seconds = context.isQuick ? 2 : 20;
  const allowedPercent = 1;
  const env = context.env(`bench-${randomUUID()}`);
  const processes = await Promise.all([startProcess(OUR_WORKER, env), startProcess(OUR_DOOR, env)]);
  const rounds: Round[] = [];
  let rssMib: number[] = [];
  try {
    await sleep(context.isQuick ? 500 : 5000);
    for (let round = 0; round < context.rounds; round++) {
      const before = processes.map((process) => process.usage().cpuMs);
      await sleep(seconds * 1000);
      const after = processes.map((process) => process.usage());
      const percents = after.map(({ cpuMs }, index) => (cpuMs - (before[index] ?? 0)) / (seconds * 10));
      rssMib = after.map(({ rssBytes }) => Math.round(rssBytes / MIB));
      rounds.push({ ours: Math.max(...percents), baseline: allowedPercent });
    }
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
  const head = { row: "P9", what: "CPU of an idle door or worker, against what is allowed", unit: "% of a core", isRate: false, goal: atMost(1) };
  return makeRow(head, rounds, { residentMib: { worker: rssMib[0], door: rssMib[1] }, residentGoalMib: 150 });
}
