import { randomUUID } from "node:crypto";
import { Queue, Worker } from "bullmq";
import { startProcess } from "../../support/processes.ts";
import type { BenchContext } from "./context.ts";
import { percentile } from "./measure.ts";
import { sampleCommand } from "./tickets.ts";

export interface Replied {
  rate: number;
  p50Ms: number;
  p99Ms: number;
}

/** Longest time for one measurement, ms. */
const DEADLINE_MS = 180_000;

/** Sends `jobs` commands with `inFlight` of them unanswered at any time, and times each from adding it to its reply. */
export async function replied(
  context: BenchContext,
  program: string,
  { queueName, jobs, inFlight }: { queueName: string; jobs: number; inFlight: number },
): Promise<Replied> {
  const prefix = `bench-${randomUUID()}`;
  const queue = new Queue(queueName, { connection: context.redis(), prefix });
  const replyQueue = `bench-reply-${randomUUID()}`;
  const waiting = new Map<string, (result: { result: string }) => void>();
  const consumer = new Worker(
    replyQueue,
    async (job) => {
      for (const result of job.data.results) waiting.get(result.requestId)?.(result);
    },
    { connection: context.redis(), prefix, concurrency: 50, removeOnComplete: { count: 0 } },
  );
  await consumer.waitUntilReady();
  const worker = await startProcess(program, context.env(prefix), [queueName]);
  const timesMs: number[] = [];
  const one = async () => {
    const data = sampleCommand(replyQueue);
    const startedAt = performance.now();
    const answered = new Promise<{ result: string }>((resolve) => waiting.set(data.requestId, resolve));
    await queue.add("OpenTicket", data, { jobId: data.requestId });
    const { result } = await answered;
    if (result !== "success") throw new Error(`a ticket was refused: ${JSON.stringify(result)}`);
    waiting.delete(data.requestId);
    timesMs.push(performance.now() - startedAt);
  };
  await lanes(Math.min(50, jobs), Math.min(inFlight, 50), one);
  timesMs.length = 0;
  const startedAt = performance.now();
  await withinDeadline(lanes(jobs, inFlight, one));
  const seconds = (performance.now() - startedAt) / 1000;
  await worker.stop();
  await consumer.close();
  await queue.obliterate({ force: true });
  await queue.close();
  return { rate: jobs / seconds, p50Ms: percentile(timesMs, 0.5), p99Ms: percentile(timesMs, 0.99) };
}

async function lanes(jobs: number, width: number, one: () => Promise<void>): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started++ < jobs) await one();
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
