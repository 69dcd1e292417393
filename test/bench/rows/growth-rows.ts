import { randomInt, randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import mongoose from "mongoose";
import { backlogRate, layBacklog } from "../harness/backlog.ts";
import { addDepartments, type BenchContext, redisMemory } from "../harness/context.ts";
import { atMost, inTurns, type Measured, makeRow, NO_GOAL, type Row, warmUpOf } from "../harness/measure.ts";
import { freshMessage, sampleTicket } from "../harness/tickets.ts";
import { OUR_WORKER, QUEUE } from "../programs.ts";

/** Tickets that a store is given before it is filled up with their copies. */
const MODELS = 100;

/** P7: the same backlog into a store that holds many tickets, and into a fresh one that holds few, in turns. */
export async function growth(context: BenchContext): Promise<Row> {
  const [few, many] = context.isQuick ? [200, 2000] : [10_000, 1_000_000];
  const jobs = context.isQuick ? 300 : 10_000;
  const round = async (where: BenchContext): Promise<Measured> => {
    const { value, ...rest } = await backlogRate(where, OUR_WORKER, { queueName: QUEUE, jobs });
    return { value: 1000 / value, ...rest };
  };
  return onOwnDatabase(context, many, async (full) => {
    const sides = await inTurns(
      context.rounds,
      () => round(full),
      () => onOwnDatabase(context, few - warmUpOf(jobs), round),
    );
    const what = `a ticket with ${many} stored against one with ${few}, from a backlog of ${jobs}`;
    return makeRow({ row: "P7", what, unit: "ms", isRate: false, goal: atMost(1.15) }, sides);
  });
}

/** What a ticket takes up: in MongoDB once it is stored, against its own JSON; in Redis while it waits. */
export async function bytesOfTicket(context: BenchContext): Promise<Row> {
  const jobs = context.isQuick ? 500 : 20_000;
  return onOwnDatabase(context, 0, async (own, connection) => {
    await backlogRate(own, OUR_WORKER, { queueName: QUEUE, jobs, warmUp: 0, ticketOf: freshTicket });
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
    const jsonBytes = Buffer.byteLength(JSON.stringify(freshTicket()));
    const sides = { ours: [{ value: (storageSize + totalIndexSize) / jobs }], baseline: [{ value: jsonBytes }] };
    const what = "bytes on MongoDB's disk for a ticket of 1 kB with its indexes, against its JSON";
    return makeRow({ row: "BYTES", what, unit: "bytes", isRate: false, goal: NO_GOAL }, sides, notes);
  });
}

const freshTicket = () => ({ ...sampleTicket(), message: freshMessage() });

async function waitingBytes(context: BenchContext, jobs: number): Promise<number> {
  const redis = context.redis();
  const queue = new Queue(QUEUE, { connection: redis, prefix: `bench-${randomUUID()}` });
  const before = await redisMemory(redis);
  await layBacklog(queue, jobs, freshTicket);
  const after = await redisMemory(redis);
  await queue.obliterate({ force: true });
  await queue.close();
  return (after - before) / jobs;
}

/** Works on a database of its own that holds so many tickets, and removes it. */
async function onOwnDatabase<T>(
  context: BenchContext,
  tickets: number,
  work: (context: BenchContext, connection: mongoose.Connection) => Promise<T>,
): Promise<T> {
  const url = new URL(context.mongodbUrl);
  url.pathname = `/own${randomUUID().slice(0, 8)}`;
  const connection = await mongoose.createConnection(url.href).asPromise();
  const own = { ...context, env: (prefix: string) => ({ ...context.env(prefix), MONGODB_URL: url.href }) };
  try {
    await addDepartments(connection);
    if (tickets > 0) await backlogRate(own, OUR_WORKER, { queueName: QUEUE, jobs: MODELS, warmUp: 0 });
    if (tickets > 0) await fillTo(connection, tickets);
    return await work(own, connection);
  } finally {
    await connection.dropDatabase();
    await connection.close();
  }
}

/** Tickets that are copied at once. */
const BATCH = 5000;
/** MongoDB's code of a value that a unique index has already. */
const DUPLICATE = 11_000;

/** Copies of a stored ticket under other names and numbers, which come in no order either, with ids far above those that are dealt. */
async function fillTo(connection: mongoose.Connection, count: number): Promise<void> {
  const tickets = connection.collection<TicketDocument>("tickets");
  const model = await tickets.findOne({});
  if (!model) throw new Error("there is no ticket to copy");
  let id = 1_000_000_000;
  for (let stored = await tickets.countDocuments(); stored < count; ) {
    const copies = Array.from({ length: Math.min(BATCH, count - stored) }, () => {
      const name = `req_${randomUUID().replaceAll("-", "")}`;
      return { ...model, _id: name, requestId: name, id: id++, tid: tenDigits() };
    });
    stored += await storeNew(tickets, copies);
  }
}

interface TicketDocument {
  _id: string;
  id: number;
  tid: string;
  requestId: string;
}

/** A number by the mask of the benchmark. */
const tenDigits = () => String(randomInt(10 ** 10)).padStart(10, "0");

/** Stores the copies but for those whose number is taken; how many it stored. */
async function storeNew(tickets: mongoose.Collection<TicketDocument>, copies: TicketDocument[]): Promise<number> {
  try {
    return (await tickets.insertMany(copies, { ordered: false })).insertedCount;
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoBulkWriteError)) throw error;
    if ([error.writeErrors].flat().some(({ code }) => code !== DUPLICATE)) throw error;
    return error.insertedCount;
  }
}
