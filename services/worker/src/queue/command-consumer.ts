import type { RedisConnection } from "@openticket/client";
import { COMMAND_QUEUE, type CommandResult, type DeadLetter, KEPT_FOR_OPERATOR, type RequestError, readRequester, requestIdOfJob } from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";
import { DelayedError, type Job, Worker } from "bullmq";
import type { Actions, Address, ReadJob } from "./action.ts";

/**
 * Takes jobs from the command queue and sees each of them through: read, decide, reply, complete. What is read and
 * decided is the matter of the job's action.
 *
 * Problem: BullMQ's own counts do not fit. `attempts` belongs to the producer (a foreign one leaves it at 1, so that
 * the first fault would be the last), and a job whose worker died twice fails without our code.
 * Choice: faults are sorted here. An outage of a store is waited out for as long as it takes; any other fault is tried
 * {@link MAX_FAULTS} times; a job that took its worker down {@link MAX_STALLS} times is poison. What will not run again
 * by itself becomes a dead letter in the store, which outlives Redis, and its requester gets an error.
 * Invariant: a job is completed only after its outcome is in MongoDB and its reply is in Redis.
 */

export interface ConsumerDeps {
  actions: Actions;
  reply(queue: string, result: CommandResult): Promise<void>;
  /** The request is decided, and a receipt of it wants to hear so. */
  decided(requestId: string): void;
  bury(letter: DeadLetter): Promise<void>;
  failed(request: { requestId: string; correlationId?: string | undefined }, error: RequestError): CommandResult;
  /** True for the outage of something that will come back. */
  isOutage(error: unknown): boolean;
  now(): Date;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

export interface ConsumerOptions {
  connection: RedisConnection;
  prefix: string;
  concurrency: number;
  lockDurationMs: number;
}

/** Faults of one job that are no outage. */
const MAX_FAULTS = 8;
/** Workers that one job may take down before it is held to be the cause. */
const MAX_STALLS = 3;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
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
  const take = async (job: Job<unknown>, token: string | undefined) => {
    inHand++;
    takenAtMs = performance.now();
    await process(job, token, deps).finally(() => inHand--);
  };
  let worker = makeWorker(take, options, deps);
  return {
    inHand: () => inHand,
    silentForMs: () => performance.now() - takenAtMs,
    restart() {
      const stuck = worker;
      worker = makeWorker(take, options, deps);
      takenAtMs = performance.now();
      stuck.close(true).catch((err: unknown) => deps.logger.warn({ err }, "stuck consumer not closed"));
    },
    close: () => worker.close(),
  };
}

type Take = (job: Job<unknown>, token: string | undefined) => Promise<void>;

function makeWorker(take: Take, { connection, prefix, concurrency, lockDurationMs }: ConsumerOptions, { logger, metrics }: ConsumerDeps): Worker {
  const worker = new Worker(COMMAND_QUEUE, take, {
    connection,
    prefix,
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
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

async function process(job: Job<unknown>, token: string | undefined, deps: ConsumerDeps): Promise<void> {
  const startedAtMs = performance.now();
  const read = readJob(job, deps.actions);
  try {
    const outcome = read.kind === "runnable" ? await seeThrough(read, deps) : await giveUp(job, read, read.error, deps);
    deps.metrics.counter("requests_total", "Requests by outcome", ["outcome"]).inc({ outcome });
    const seconds = (performance.now() - startedAtMs) / 1000;
    deps.metrics.seconds("request_seconds", "From taking a job to its reply", ["outcome"]).observe({ outcome }, seconds);
    deps.logger.debug({ requestId: read.requestId, jobId: job.id, outcome, seconds }, "request decided");
  } catch (error) {
    await putBackOrGiveUp(job, token, read, error, deps);
  }
}

type Runnable = Extract<ReadJob, { kind: "runnable" }>;
type Hopeless = Address & { kind: "hopeless"; error: RequestError };

/** What the job is, and whom its outcome goes to. */
function readJob(job: Job<unknown>, actions: Actions): Runnable | Hopeless {
  const action = actions.get(job.name.toLowerCase());
  if (!action) {
    const message = `Unknown action "${job.name}"; expected one of ${[...actions.keys()].join(", ")}`;
    return { ...readRequester(job.data, defaultsOf(job)), kind: "hopeless", error: { code: "action_unknown", message } };
  }
  const read = action.read(job.data, defaultsOf(job));
  if (read.kind === "unreadable") {
    const { reason, ...address } = read;
    return { ...address, kind: "hopeless", error: { code: "command_unreadable", message: `The job is no command: ${reason}` } };
  }
  if (job.stalledCounter <= MAX_STALLS) return read;
  const message = `The request was given up: ${job.stalledCounter} workers did not survive it`;
  return { ...read, kind: "hopeless", error: { code: "poison", message } };
}

async function seeThrough({ run, requestId, queue, hasReceipt }: Runnable, deps: ConsumerDeps): Promise<string> {
  const decided = await run();
  if (queue !== undefined && decided.result) {
    await deps.reply(queue, decided.result);
    decided.replied?.();
  }
  if (hasReceipt) deps.decided(requestId);
  await decided.deliver?.();
  return decided.kind;
}

/** An outage is waited out; other faults have a cap. The job waits in the delayed set, whatever its producer's `attempts`. */
async function putBackOrGiveUp(job: Job, token: string | undefined, address: Address, error: unknown, deps: ConsumerDeps): Promise<void> {
  const isOutage = deps.isOutage(error);
  const faults = faultsOf(job) + (isOutage ? 0 : 1);
  deps.logger.warn({ requestId: address.requestId, jobId: job.id, tries: job.attemptsStarted, faults, isOutage, err: error }, "request failed");
  if (faults >= MAX_FAULTS && (await isGivenUp(job, address, error, deps))) return;
  if (!isOutage) await job.updateProgress({ faults });
  deps.metrics.counter("retries_total", "Requests put back after a fault", ["cause"]).inc({ cause: isOutage ? "outage" : "unknown" });
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(job.attemptsStarted - 1, 10), MAX_DELAY_MS) * (0.5 + deps.random() / 2);
  await job.moveToDelayed(Date.now() + Math.round(delayMs), token);
  throw new DelayedError();
}

/** False when the dead letter could not be kept now. */
async function isGivenUp(job: Job, address: Address, cause: unknown, deps: ConsumerDeps): Promise<boolean> {
  try {
    await giveUp(job, address, { code: "failed", message: KEPT_FOR_OPERATOR }, deps, cause);
    return true;
  } catch (error) {
    deps.logger.error({ requestId: address.requestId, jobId: job.id, err: error }, "dead letter not kept");
    return false;
  }
}

/** Kept beside the job by BullMQ, and free for us to use. */
function faultsOf({ progress }: Job): number {
  return typeof progress === "object" && "faults" in progress && typeof progress.faults === "number" ? progress.faults : 0;
}

async function giveUp(job: Job, address: Address, error: RequestError, deps: ConsumerDeps, cause?: unknown): Promise<string> {
  const { queue, requestId, hasReceipt } = address;
  await deps.bury(deadLetterOf(job, address, { code: error.code, reason: cause instanceof Error ? cause.message : error.message, diedAt: deps.now() }));
  deps.metrics.counter("dead_total", "Requests that will not run again by themselves", ["code"]).inc({ code: error.code });
  deps.logger.error({ requestId, jobId: job.id, code: error.code, reason: error.message, err: cause }, "request given up");
  if (queue !== undefined) await deps.reply(queue, deps.failed(address, error));
  if (hasReceipt) deps.decided(requestId);
  return "dead";
}

function deadLetterOf(job: Job, { requestId, source }: Address, death: Pick<DeadLetter, "code" | "reason" | "diedAt">): DeadLetter {
  const { name: jobName, data, attemptsStarted: attempts, timestamp } = job;
  return { _id: requestId, jobName, dataJson: JSON.stringify(data) ?? "null", attempts, receivedAt: new Date(timestamp), ...(source && { source }), ...death };
}

/** Makes dead letters of jobs that BullMQ has failed without our code, answers their requesters, and takes them out. */
export async function buryFailedJobs(jobs: readonly Job[], deps: ConsumerDeps): Promise<number> {
  for (const job of jobs) {
    const read = readJob(job, deps.actions);
    const reason = job.failedReason || "failed for an unknown reason";
    await giveUp(job, read, { code: "failed", message: KEPT_FOR_OPERATOR }, deps, new Error(reason));
    await job.remove();
  }
  return jobs.length;
}

function defaultsOf(job: Job) {
  const { id = "", queueName, timestamp } = job;
  // Made when they are asked for: most commands bring their own.
  return {
    get requestId() {
      return requestIdOfJob(queueName, id, timestamp);
    },
    get receivedAt() {
      return new Date(timestamp).toISOString();
    },
    channel: "queue",
  };
}
