import { randomUUID } from "node:crypto";
import { Queue, QueueEvents, Worker } from "bullmq";
import { startProcess } from "../../support/processes.ts";
import type { BenchContext } from "./context.ts";
import { latencyOf, makeHistogram } from "./histogram.ts";
import { type Measured, warmUpOf } from "./measure.ts";
import { metered } from "./meter.ts";
import { sampleCommand, sampleTicket } from "./tickets.ts";

/** Longest time for one measurement, ms. */
const DEADLINE_MS = 180_000;

export interface RepliedLoad {
  queueName: string;
  jobs: number;
  inFlight: number;
  /** Ticket of the n-th command, and whether it is a valid one. */
  ticketOf?: (n: number) => object;
  isValid?: (n: number) => boolean;
  /** How the requester hears of the outcome. */
  via?: "reply queue" | "waitUntilFinished";
}

/** Sends the n-th command; ends with what came of it. */
type Ask = (n: number) => Promise<string>;

/**
 * Sends `jobs` commands with `inFlight` of them unanswered at any time, after some that warm the worker up; the rate, and the
 * time of each from adding it to its answer.
 */
export async function replied(context: BenchContext, program: string, load: RepliedLoad): Promise<Measured> {
  const { queueName, jobs, inFlight, ticketOf = sampleTicket, isValid = () => true, via } = load;
  const prefix = `bench-${randomUUID()}`;
  const queue = new Queue(queueName, { connection: context.redis(), prefix });
  const requester = await (via === "waitUntilFinished" ? askByEvents : askByReplyQueue)(context, queue, ticketOf);
  const worker = await startProcess(program, context.env(prefix), [queueName]);
  const histogram = makeHistogram();
  const one = async (n: number) => {
    const startedAt = performance.now();
    const outcome = await requester.ask(n);
    if ((outcome === "success") !== isValid(n)) throw new Error(`a command came to ${outcome}`);
    histogram.recordValue(Math.max(1, Math.round((performance.now() - startedAt) * 1000)));
  };
  await withinDeadline(lanes(warmUpOf(jobs), inFlight, one));
  histogram.reset();
  const { result: seconds, ...spent } = await metered(
    context,
    { worker },
    () => jobs,
    async () => {
      const startedAt = performance.now();
      await withinDeadline(lanes(jobs, inFlight, one));
      return (performance.now() - startedAt) / 1000;
    },
  );
  await worker.stop();
  await requester.close();
  await queue.obliterate({ force: true });
  await queue.close();
  return { value: jobs / seconds, latencyMs: latencyOf(histogram), ...spent };
}

/** As this product's own requesters do: a reply queue of their own. */
async function askByReplyQueue(context: BenchContext, queue: Queue, ticketOf: (n: number) => object): Promise<{ ask: Ask; close(): Promise<void> }> {
  const replyQueue = `bench-reply-${randomUUID()}`;
  const waiting = new Map<string, (outcome: string) => void>();
  const consumer = new Worker(
    replyQueue,
    async (job) => {
      for (const { requestId, result } of job.data.results) waiting.get(requestId)?.(result);
    },
    { connection: context.redis(), prefix: queue.opts.prefix ?? "bull", concurrency: 50, removeOnComplete: { count: 0 } },
  );
  await consumer.waitUntilReady();
  return {
    async ask(n) {
      const data = sampleCommand(replyQueue, ticketOf(n));
      const answered = new Promise<string>((resolve) => waiting.set(data.requestId, resolve));
      await queue.add("OpenTicket", data, { jobId: data.requestId });
      const outcome = await answered;
      waiting.delete(data.requestId);
      return outcome;
    },
    close: () => consumer.close(),
  };
}

/** As BullMQ's own documentation does: the job's events. */
async function askByEvents(context: BenchContext, queue: Queue, ticketOf: (n: number) => object): Promise<{ ask: Ask; close(): Promise<void> }> {
  const events = new QueueEvents(queue.name, { connection: context.redis(), prefix: queue.opts.prefix ?? "bull" });
  events.setMaxListeners(0);
  await events.waitUntilReady();
  return {
    async ask(n) {
      const data = sampleCommand(undefined, ticketOf(n));
      // A finished job must still be there when its waiter first looks for it.
      const job = await queue.add("OpenTicket", data, { jobId: data.requestId, removeOnComplete: { count: 1000 } });
      return (await job.waitUntilFinished(events)).result;
    },
    close: () => events.close(),
  };
}

async function lanes(jobs: number, width: number, one: (n: number) => Promise<void>): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started < jobs) await one(started++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function withinDeadline(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not answered within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
