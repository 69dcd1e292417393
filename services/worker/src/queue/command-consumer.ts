import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { pid } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isNewJobName, type RedisConnection } from "@openticket/client";
import { COMMAND_QUEUE, KEPT_FOR_OPERATOR } from "@openticket/contract";
import { DelayedError, type Job, Worker } from "bullmq";
import { retriesTotal } from "../fault-counters.ts";
import type { Runnable } from "./action.ts";
import type { ConsumerDeps } from "./consumer-deps.ts";
import { giveUp, tell } from "./give-up.ts";
import { type FoundJob, readJob } from "./read-job.ts";
import { isSuspect, makeTurns, note, notesOf, provenDeaths, surviving, type Turns } from "./suspects.ts";

/**
 * Takes jobs from the command queue and sees each of them through: read, decide, reply, complete. What is read and
 * decided is the matter of the job's action.
 *
 * Problem: BullMQ's own counts do not fit. `attempts` belongs to the producer (a foreign one leaves it at 1, so that
 * the first fault would be the last), and a job whose worker died twice fails without our code.
 * Choice: faults are sorted here. An outage of a store is waited out for as long as it takes; any other fault is tried
 * {@link MAX_FAULTS} times; a job that takes its workers down is poison (see suspects.ts). What will not run again by
 * itself becomes a dead letter in the store, which outlives Redis, and its requester gets an error; but what an earlier run
 * has decided is never given up.
 * Invariant: a job is completed only after its outcome is in MongoDB and its reply is in Redis.
 */

export interface ConsumerOptions {
  connection: RedisConnection;
  prefix: string;
  concurrency: number;
  lockDurationMs: number;
}

/** Faults of one job that are no outage. */
const MAX_FAULTS = 8;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/**
 * BullMQ asks for one job after another, each time waiting for the answer, unless one that is done brings the next. With more
 * commands in hand than wait, that alone bounds the rate; several that ask share the commands in hand.
 */
const FETCHERS = 8;
/** What fails without our code is kept until the recovery has made a dead letter of it. */
const KEEP_FAILED = { count: -1 };

export interface CommandConsumer {
  /** Commands being worked on. */
  inHand(): number;
  /** Since a command was last taken or the consumer begun, ms. */
  silentForMs(): number;
  /** Begins anew on fresh connections; what the old ones still hold is finished beside it. */
  restart(): void;
  /** Waits for the commands in hand. */
  close(): Promise<void>;
}

/** See the head of the file. Starts to take jobs at once. */
export function startCommandConsumer(options: ConsumerOptions, deps: ConsumerDeps): CommandConsumer {
  let inHand = 0;
  let takenAtMs = performance.now();
  const inTurns = makeTurns();
  const take = async (job: Job<unknown>, token: string | undefined) => {
    inHand++;
    takenAtMs = performance.now();
    await process(job, token, { ...deps, ...options, inTurns, startedAtMs: takenAtMs }).finally(() => inHand--);
  };
  let workers = makeWorkers(take, options, deps);
  return {
    inHand: () => inHand,
    silentForMs: () => performance.now() - takenAtMs,
    restart() {
      const stuck = workers;
      workers = makeWorkers(take, options, deps);
      takenAtMs = performance.now();
      for (const worker of stuck) worker.close(true).catch((err: unknown) => deps.logger.warn({ err }, "stuck consumer not closed"));
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

type Take = (job: Job<unknown>, token: string | undefined) => Promise<void>;

function makeWorkers(take: Take, options: ConsumerOptions, deps: ConsumerDeps): Worker[] {
  const fetchers = Math.min(FETCHERS, options.concurrency);
  // By their one name they are counted as one worker, and a job says who took it.
  const name = `${hostname()}-${pid}-${randomBytes(4).toString("hex")}`;
  return Array.from({ length: fetchers }, (_, index) => {
    const share = Math.floor((options.concurrency + index) / fetchers);
    return makeWorker(take, { ...options, name, concurrency: share, looksForStalled: index === 0 }, deps);
  });
}

function makeWorker(
  take: Take,
  { connection, prefix, name, concurrency, lockDurationMs, looksForStalled }: ConsumerOptions & { name: string; looksForStalled: boolean },
  { logger, metrics }: ConsumerDeps,
): Worker {
  const worker = new Worker(COMMAND_QUEUE, take, {
    connection,
    prefix,
    name,
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
    skipStalledCheck: !looksForStalled,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    removeOnFail: KEEP_FAILED,
  });
  const stalled = metrics.counter("jobs_stalled_total", "Jobs whose worker lost them and that were taken again");
  const lostLocks = metrics.counter("locks_lost_total", "Jobs in hand whose lock another worker may have taken: this process was too slow to renew it");
  worker.on("stalled", () => stalled.inc());
  worker.on("lockRenewalFailed", (jobIds) => lostLocks.inc(jobIds.length));
  worker.on("error", (err) => logger.warn({ err }, "queue error"));
  return worker;
}

type Processing = ConsumerDeps & Pick<ConsumerOptions, "lockDurationMs"> & { inTurns: Turns; startedAtMs: number };

async function process(job: Job<unknown>, token: string | undefined, deps: Processing): Promise<void> {
  const read = readJob(job, deps);
  try {
    const outcome = await outcomeOf(job, read, deps);
    deps.metrics.counter("requests_total", "Requests by outcome", ["outcome"]).inc({ outcome });
    const seconds = (performance.now() - deps.startedAtMs) / 1000;
    deps.metrics.seconds("request_seconds", "From taking a job to its reply", ["outcome"]).observe({ outcome }, seconds);
    deps.logger.debug({ requestId: read.requestId, jobId: job.id, outcome, seconds }, "request decided");
  } catch (error) {
    await putBackOrGiveUp(job, token, read, error, deps);
  }
}

function outcomeOf(job: Job, read: FoundJob, deps: Processing): Promise<string> {
  if (read.kind === "hopeless") return giveUp(job, read, read.error, deps);
  if (!isSuspect(job)) return seeThrough(job, read, deps);
  const deaths = provenDeaths(job);
  const onNotAcquitted = (err: unknown) => deps.logger.warn({ requestId: read.requestId, jobId: job.id, err }, "survival of a suspect not noted");
  if (deaths === undefined) return deps.inTurns(() => surviving(job, () => seeThrough(job, read, deps), { sleep, onNotAcquitted }));
  return giveUp(job, read, { code: "poison", message: `The request was given up: ${deaths} workers died of it` }, deps);
}

async function seeThrough(job: Job, read: Runnable, deps: Processing): Promise<string> {
  const decided = await read.run({ mayHaveTwin: () => mayHaveTwin(job, read, deps) });
  // Its content is another's than what its name stands for, and goes with the job.
  if (decided.kind === "conflict" && isUnheard(read)) deps.logger.warn({ requestId: read.requestId, jobId: job.id }, "conflict that nobody waits to hear of");
  await tell(read, decided, deps);
  await decided.deliver?.();
  return decided.kind;
}

function isUnheard({ queue, hasReceipt }: Runnable): boolean {
  return queue === undefined && !hasReceipt;
}

/** A key may come with another job, and so may one that runs again; otherwise another worker has the same job only after this one's lock. */
function mayHaveTwin({ id = "", attemptsStarted, processedOn = 0 }: Job, { hasKey }: Runnable, { lockDurationMs, startedAtMs }: Processing): boolean {
  // Whichever is longer: the clock may be set meanwhile, and the process may have stood still before it saw the job.
  const heldMs = Math.max(performance.now() - startedAtMs, Date.now() - processedOn);
  return hasKey === true || isNewJobName(id) || attemptsStarted > 1 || heldMs > lockDurationMs / 2;
}

/** An outage is waited out; other faults have a cap. The job waits in the delayed set, whatever its producer's `attempts`. */
async function putBackOrGiveUp(job: Job, token: string | undefined, read: FoundJob, error: unknown, deps: ConsumerDeps): Promise<void> {
  const cause = causeOf(error, deps);
  const faults = notesOf(job).faults + (cause === "unknown" ? 1 : 0);
  const level = cause === "order" ? "debug" : "warn";
  deps.logger[level]({ requestId: read.requestId, jobId: job.id, tries: job.attemptsStarted, faults, cause, err: error }, "request failed");
  if (faults >= MAX_FAULTS && (await isGivenUp(job, read, error, deps))) return;
  retriesTotal(deps.metrics).inc({ cause });
  try {
    if (cause === "unknown") await note(job, { faults });
    await job.moveToDelayed(Date.now() + delayMs(job, error, deps), token);
  } catch (err) {
    // Redis is full, or the job is another worker's already. What is nobody's is found by BullMQ when its lock has run out.
    deps.logger.warn({ requestId: read.requestId, jobId: job.id, err }, "request not put back");
  }
  throw new DelayedError();
}

/** `order`: it waits for another request. */
function causeOf(error: unknown, { isOutage, isTooEarly }: ConsumerDeps): "order" | "outage" | "unknown" {
  if (isTooEarly?.(error)) return "order";
  return isOutage(error) ? "outage" : "unknown";
}

function delayMs({ attemptsStarted }: Job, error: unknown, { random, retryInMs }: ConsumerDeps): number {
  const fullMs = retryInMs?.(error) ?? Math.min(FIRST_DELAY_MS * 2 ** Math.min(attemptsStarted - 1, 10), MAX_DELAY_MS);
  return Math.round(fullMs * (0.5 + random() / 2));
}

/** False when the dead letter could not be kept now. */
async function isGivenUp(job: Job, read: FoundJob, cause: unknown, deps: ConsumerDeps): Promise<boolean> {
  try {
    await giveUp(job, read, { code: "failed", message: KEPT_FOR_OPERATOR }, deps, cause);
    return true;
  } catch (error) {
    deps.logger.error({ requestId: read.requestId, jobId: job.id, err: error }, "dead letter not kept");
    return false;
  }
}
