import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import { startProcess } from "../../support/processes.ts";
import type { BenchContext } from "./context.ts";
import { sampleCommand } from "./tickets.ts";

/** Jobs that one addBulk carries while a backlog is laid. */
const BULK = 1000;
/** How often the queue's depth is looked at, ms. */
const LOOK_MS = 20;
/** Longest time for a backlog to be worked off, ms. */
const DEADLINE_MS = 180_000;

/**
 * Rate, jobs a second, at which one worker process works off a backlog. The queue is paused while the backlog is laid
 * and the worker starts; the clock runs from resuming to the last job completed.
 */
export async function backlogRate(
  context: BenchContext,
  program: string,
  { queueName, jobs, prefix = `bench-${randomUUID()}` }: { queueName: string; jobs: number; prefix?: string },
): Promise<{ rate: number; cpuMs: number; rssBytes: number }> {
  const queue = new Queue(queueName, { connection: context.redis(), prefix });
  await queue.pause();
  for (let laid = 0; laid < jobs; laid += BULK) {
    const batch = Array.from({ length: Math.min(BULK, jobs - laid) }, () => sampleCommand());
    await queue.addBulk(batch.map((data) => ({ name: "OpenTicket", data, opts: { jobId: data.requestId } })));
  }
  const worker = await startProcess(program, context.env(prefix), [queueName]);
  const before = worker.usage();
  const startedAt = performance.now();
  await queue.resume();
  await drained(queue);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = worker.usage();
  await worker.stop();
  await queue.obliterate({ force: true });
  await queue.close();
  return { rate: jobs / seconds, cpuMs: (after.cpuMs - before.cpuMs) / jobs, rssBytes: after.rssBytes };
}

async function drained(queue: Queue): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const counts = await queue.getJobCounts("waiting", "active", "delayed", "failed");
    if (counts.failed) throw new Error(`${counts.failed} jobs failed: ${(await queue.getFailed(0, 0))[0]?.failedReason}`);
    if (!counts.waiting && !counts.active && !counts.delayed) return;
    if (performance.now() > deadline) throw new Error(`backlog not worked off: ${JSON.stringify(counts)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
