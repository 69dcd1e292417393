import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { startProcess } from "../../support/processes.ts";
import type { BenchContext } from "./context.ts";
import { type Measured, warmUpOf } from "./measure.ts";
import { type Metered, metered } from "./meter.ts";
import { sampleCommand, sampleTicket } from "./tickets.ts";

/** Jobs that one addBulk carries while a backlog is laid. */
const BULK = 1000;
/** How often the queue's depth is looked at, ms. */
const LOOK_MS = 20;
/** Longest time for a backlog to be worked off, ms. */
const DEADLINE_MS = 180_000;

export interface Backlog {
  queueName: string;
  jobs: number;
  /** Jobs that go before, for each worker; unset: half as many. */
  warmUp?: number;
  /** Processes that share it. */
  workers?: number;
  /** Makes the ticket of each job. */
  ticketOf?: () => object;
  env?: Record<string, string>;
  /** Other processes whose cost counts too. */
  others?: Record<string, Metered>;
  /** Resolves when whatever so many jobs, from the first on, caused beside themselves is done too. */
  settled?: (jobs: number) => Promise<unknown>;
}

/**
 * Rate, jobs a second, at which worker processes work off a backlog, after a shorter one that warms them up. The queue is
 * paused while a backlog is laid; the clock runs from resuming until the last job is completed and what it caused is settled.
 */
export async function backlogRate(
  context: BenchContext,
  program: string,
  { queueName, jobs, warmUp = warmUpOf(jobs), workers = 1, others = {}, ticketOf = sampleTicket, env = {}, settled = async () => undefined }: Backlog,
): Promise<Measured> {
  const prefix = `bench-${randomUUID()}`;
  const queue = new Queue(queueName, { connection: context.redis(), prefix });
  await queue.pause();
  const fleet = await Promise.all(Array.from({ length: workers }, () => startProcess(program, { ...context.env(prefix), ...env }, [queueName])));
  const named = Object.fromEntries(fleet.map((worker, index) => [workers === 1 ? "worker" : `worker ${index + 1}`, worker]));
  const workOff = async (inAll: number) => {
    await queue.resume();
    await drained(queue);
    await settled(inAll);
  };
  const jobsBefore = warmUp * workers;
  if (jobsBefore > 0) {
    await layBacklog(queue, jobsBefore, ticketOf);
    await workOff(jobsBefore);
    await queue.pause();
  }
  await layBacklog(queue, jobs, ticketOf);
  const { result: seconds, ...spent } = await metered(
    context,
    { ...named, ...others },
    () => jobs,
    async () => {
      const startedAt = performance.now();
      await workOff(jobsBefore + jobs);
      return (performance.now() - startedAt) / 1000;
    },
  );
  await Promise.all(fleet.map((worker) => worker.stop()));
  await queue.obliterate({ force: true });
  await queue.close();
  return { value: jobs / seconds, ...spent };
}

/** Adds so many commands. */
export async function layBacklog(queue: Queue, jobs: number, ticketOf: () => object): Promise<void> {
  for (let laid = 0; laid < jobs; laid += BULK) {
    const batch = Array.from({ length: Math.min(BULK, jobs - laid) }, () => sampleCommand(undefined, ticketOf()));
    await queue.addBulk(batch.map((data) => ({ name: "OpenTicket", data, opts: { jobId: data.requestId } })));
  }
}

async function drained(queue: Queue): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const counts = await queue.getJobCounts("waiting", "active", "delayed", "failed");
    if (counts.failed) throw new Error(`${counts.failed} jobs failed: ${(await queue.getFailed(0, 0))[0]?.failedReason}`);
    if (!counts.waiting && !counts.active && !counts.delayed) return;
    if (performance.now() > deadline) throw new Error(`backlog not worked off: ${JSON.stringify(counts)}`);
    await sleep(LOOK_MS);
  }
}
