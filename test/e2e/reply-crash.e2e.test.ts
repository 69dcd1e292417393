import { makeOpenTicketClient, type OpenTicketClient } from "@openticket/client";
import { COMMAND_QUEUE, type ReplyRecord, type TicketRecord } from "@openticket/contract";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Fleet, makeFleet, WORKER } from "../support/fleet.ts";
import { testRedisUrl } from "../support/servers.ts";
import { until } from "../support/until.ts";

// A worker is killed between any two steps of a reply: taken, stored, its ticket changed, answered.

let fleet: Fleet;
let client: OpenTicketClient;
let queue: Queue;
let ticketid: number;

beforeEach(async () => {
  fleet = await makeFleet();
  client = makeOpenTicketClient({ redisUrl: testRedisUrl(), prefix: fleet.prefix });
  queue = new Queue(COMMAND_QUEUE, { connection: { url: testRedisUrl() }, prefix: fleet.prefix });
});
afterEach(async () => {
  await client.close();
  await queue.close();
  await fleet.stop();
});

const tickets = () => fleet.store.db.collection<TicketRecord>("tickets");
const replies = () => fleet.store.db.collection<ReplyRecord>("replies");
const open = async () => {
  const result = await client.openTicket({ deptid: 1, clientid: 1, subject: "s", message: "m", noemail: true });
  if (result.result !== "success") throw new Error(result.message);
  return result.id;
};
const reply = (to = ticketid) => client.addTicketReply({ ticketid: to, clientid: 1, message: "more" }, { timeoutMs: 40_000 });
const isDrained = async () => (await queue.getJobCountByTypes("active", "waiting", "delayed", "failed")) === 0;

/** MongoDB goes on with what a dead process has asked it for: here it is not to. */
async function forgetWaitingChanges(): Promise<void> {
  const admin = fleet.store.connection.getClient().db("admin");
  const match = { $match: { op: "update", ns: `${fleet.prefix}.tickets` } };
  const waiting = () => admin.aggregate([{ $currentOp: {} }, match], { readConcern: { level: "local" } }).toArray();
  for (const { opid } of await waiting()) await admin.command({ killOp: 1, op: opid });
  await until("them to end", async () => (await waiting()).length === 0);
}

/** One reply, which its ticket knows once, and of which the requester was told. */
async function expectOneReply(answer: unknown): Promise<void> {
  const result = await answer;
  const stored = await replies().find().toArray();
  expect(stored).toHaveLength(1);
  expect(result).toMatchObject({ result: "success", ticketid, replyid: stored[0]?.replyId });
  expect(await tickets().findOne({ id: ticketid })).toMatchObject({ status: "Customer-Reply", replyIds: [stored[0]?.replyId] });
  await until("the job's completion", isDrained);
}

it("between the reply and its ticket: one reply, the ticket changed once, and its requester hears of it", async () => {
  const first = await fleet.start(WORKER);
  ticketid = await open();
  // Whoever wants to change the ticket has to wait for this transaction.
  const session = fleet.store.connection.getClient().startSession();
  session.startTransaction();
  await tickets().updateOne({ id: ticketid }, { $set: { status: "held" } }, { session });
  const answer = reply();
  await until("the reply to be stored", async () => (await replies().countDocuments()) === 1);
  await first.kill("SIGKILL");
  await forgetWaitingChanges();
  await session.abortTransaction();
  await session.endSession();
  expect(await tickets().findOne({ id: ticketid })).toMatchObject({ status: "Open" });
  await fleet.start(WORKER);
  await expectOneReply(answer);
}, 60_000);

it("between the ticket and the answer: one reply, and its requester hears of it", async () => {
  const first = await fleet.start(WORKER);
  ticketid = await open();
  const answers = new Queue("answers", { connection: { url: testRedisUrl() }, prefix: fleet.prefix, skipMetasUpdate: true });
  const redis = new Redis(testRedisUrl());
  try {
    // The queue of the answer cannot count its jobs.
    await redis.set(answers.toKey("id"), "no number");
    const command = { requestId: "req_r", replyTo: { queue: "answers" }, ticket: { ticketid, clientid: 1, message: "more" } };
    await queue.add("AddTicketReply", command, { jobId: "req_r" });
    await until("the answer to fail", async () => (await queue.getDelayedCount()) === 1);
    await first.kill("SIGKILL");
    await redis.del(answers.toKey("id"));
    await fleet.start(WORKER);
    const [job] = await until("the answer", async () => answers.getWaiting().then((jobs) => (jobs.length > 0 ? jobs : undefined)));
    await expectOneReply(job?.data.results[0]);
  } finally {
    await answers.close();
    redis.disconnect();
  }
}, 60_000);

it("anywhere, again and again: every reply once, each known to its ticket once, each answered", async () => {
  let worker = await fleet.start(WORKER);
  const ids = await Promise.all(Array.from({ length: 5 }, open));
  const answers = Array.from({ length: 300 }, (_, n) => reply(ids[n % ids.length]));
  for (const stored of [1, 60, 120, 180]) {
    await until("some more replies", async () => (await replies().countDocuments()) >= stored);
    await worker.kill("SIGKILL");
    worker = await fleet.start(WORKER);
  }
  const results = await Promise.all(answers);
  const answered = results.map((result) => (result.result === "success" ? result.replyid : result.message));
  const stored = (await replies().find().toArray()).map(({ replyId }) => replyId);
  const known = (await tickets().find().toArray()).flatMap(({ replyIds = [] }) => replyIds);
  expect(new Set(answered).size).toBe(300);
  expect(stored.toSorted()).toEqual(answered.toSorted());
  expect(known.toSorted()).toEqual(answered.toSorted());
}, 90_000);

it("what it owed is delivered by another", async () => {
  const first = await fleet.start(WORKER);
  ticketid = await open();
  await first.stop();
  // As a worker leaves it that died after the reply was stored: nothing of it is delivered, and its time has come.
  const at = new Date(Date.now() - 60_000);
  const to = { name: "Alan Turing", email: "agent@example.test" };
  await replies().insertOne({
    _id: "req_left",
    requestId: "req_left",
    fingerprint: "f",
    replyId: 77,
    ticketId: ticketid,
    author: { kind: "client", clientid: 1, name: "Ada Lovelace", email: "ada@client.example.test" },
    message: "m",
    markdown: false,
    attachments: [],
    customfields: [],
    status: "Customer-Reply",
    createdAt: at,
    receivedAt: at,
    addedAt: at,
    source: { channel: "test" },
    decisions: [],
    outbox: [
      { key: "ticket", kind: "ticket", attempts: 0 },
      { key: "mail:staff:agent", kind: "mail", template: "staff-reply-added", to, attempts: 0 },
    ],
    dueAt: at,
  });
  await fleet.start(WORKER);
  await until("all deliveries", async () => (await replies().countDocuments({ _id: "req_left", dueAt: { $exists: false } })) === 1);
  expect(await tickets().findOne({ id: ticketid })).toMatchObject({ status: "Customer-Reply", replyIds: [77] });
}, 60_000);
