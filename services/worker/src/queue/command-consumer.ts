import {
  COMMAND_QUEUE,
  OPEN_TICKET_JOB,
  type OpenTicketCommand,
  type OpenTicketResult,
  type RequestError,
  readCommand,
  requestIdOfJob,
  type TicketRecord,
} from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";
import { DelayedError, type Job, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";

/**
 * Takes commands from the queue and sees each of them through: read, decide, reply, complete.
 *
 * Problem: BullMQ's own counts do not fit. `attempts` belongs to the producer (a foreign one leaves it at 1, so that
 * the first fault would be the last), and a job whose worker died twice fails without our code.
 * Choice: faults are sorted here. An outage of a store is waited out for as long as it takes; any other fault is tried
 * {@link MAX_TRIES} times; a job that took its worker down {@link MAX_STALLS} times is poison. What will not run again
 * by itself ends in the failed set with its reason, and its requester gets an error.
 * Invariant: a job is completed only after its outcome is in MongoDB and its reply is in Redis.
 */

export interface ConsumerDeps {
  /** The story of a ticket; throws only for faults. */
  decide(command: OpenTicketCommand): Promise<Decided>;
  reply(queue: string, result: OpenTicketResult): Promise<void>;
  /** The reply that stands in this ticket's outbox was sent. */
  replied(ticket: TicketRecord): void;
  /** A new ticket whose other deliveries may be made now. */
  opened(ticket: TicketRecord): void;
  failed(request: { requestId: string; correlationId?: string | undefined }, error: RequestError): OpenTicketResult;
  /** True for the outage of something that will come back. */
  isOutage(error: unknown): boolean;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

export interface Decided {
  kind: string;
  result: OpenTicketResult;
  ticket?: TicketRecord;
}

export interface ConsumerOptions {
  connection: Redis;
  prefix: string;
  concurrency: number;
  lockDurationMs: number;
}

/** Tries of a job that fails for a reason we do not know. */
const MAX_TRIES = 8;
/** Workers that one job may take down before it is held to be the cause. */
const MAX_STALLS = 3;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** Failed jobs are dead letters: they are kept until an operator decides. */
const KEEP_FAILED = { count: -1 };

/** See the head of the file. Starts to take jobs at once; `close` waits for those in hand. */
export function startCommandConsumer(options: ConsumerOptions, deps: ConsumerDeps): { close(): Promise<void>; isRunning(): boolean } {
  const { connection, prefix, concurrency, lockDurationMs } = options;
  const worker = new Worker(COMMAND_QUEUE, (job, token) => process(job, token, deps), {
    connection,
    prefix,
    concurrency,
    lockDuration: lockDurationMs,
    stalledInterval: lockDurationMs,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    removeOnFail: KEEP_FAILED,
  });
  const stalled = deps.metrics.counter("jobs_stalled_total", "Jobs whose worker lost them and that were taken again");
  worker.on("stalled", () => stalled.inc());
  worker.on("error", (err) => deps.logger.warn({ err }, "queue error"));
  return { close: () => worker.close(), isRunning: () => worker.isRunning() };
}

async function process(job: Job<unknown>, token: string | undefined, deps: ConsumerDeps): Promise<void> {
  const startedAtMs = performance.now();
  const read = readCommand(job.data, defaultsOf(job));
  if (read.kind === "unreadable") return giveUp(job, read.reply, { code: "command_unreadable", message: `The job is no command: ${read.reason}` }, deps);
  const { command } = read;
  const address = { requestId: command.requestId, correlationId: command.correlationId, queue: command.replyTo?.queue };
  if (job.name.toLowerCase() !== OPEN_TICKET_JOB.toLowerCase()) {
    return giveUp(job, address, { code: "action_unknown", message: `Unknown action "${job.name}"; expected ${OPEN_TICKET_JOB}` }, deps);
  }
  if (job.stalledCounter > MAX_STALLS) {
    return giveUp(job, address, { code: "poison", message: `The request was given up: ${job.stalledCounter} workers did not survive it` }, deps);
  }
  try {
    const kind = await seeThrough(command, deps);
    deps.metrics.counter("requests_total", "Requests by outcome", ["outcome"]).inc({ outcome: kind });
    deps.metrics.seconds("request_seconds", "From taking a job to its reply", ["outcome"]).observe({ outcome: kind }, (performance.now() - startedAtMs) / 1000);
  } catch (error) {
    await retryOrGiveUp(job, token, address, error, deps);
  }
}

async function seeThrough(command: OpenTicketCommand, deps: ConsumerDeps): Promise<string> {
  const { kind, result, ticket } = await deps.decide(command);
  if (command.replyTo) {
    await deps.reply(command.replyTo.queue, result);
    if (ticket) deps.replied(ticket);
  }
  if (kind === "opened" && ticket) deps.opened(ticket);
  return kind;
}

interface Address {
  requestId: string;
  correlationId?: string | undefined;
  queue?: string | undefined;
}

/** An outage is waited out; other faults have a cap. The job waits in the delayed set, whatever its producer's `attempts`. */
async function retryOrGiveUp(job: Job, token: string | undefined, address: Address, error: unknown, deps: ConsumerDeps): Promise<never> {
  const tries = job.attemptsStarted;
  const isOutage = deps.isOutage(error);
  deps.logger.warn({ requestId: address.requestId, jobId: job.id, tries, isOutage, err: error }, "request failed, will be tried again");
  if (!isOutage && tries >= MAX_TRIES) {
    return giveUp(job, address, { code: "failed", message: "The request could not be processed; it is kept for the operator" }, deps, error);
  }
  deps.metrics.counter("retries_total", "Requests put back after a fault", ["cause"]).inc({ cause: isOutage ? "outage" : "unknown" });
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(tries - 1, 10), MAX_DELAY_MS) * (0.5 + deps.random() / 2);
  await job.moveToDelayed(Date.now() + Math.round(delayMs), token);
  throw new DelayedError();
}

async function giveUp(job: Job, { queue, ...request }: Address, error: RequestError, deps: ConsumerDeps, cause?: unknown): Promise<never> {
  deps.metrics.counter("dead_total", "Requests that will not run again by themselves", ["code"]).inc({ code: error.code });
  deps.logger.error({ requestId: request.requestId, jobId: job.id, code: error.code, reason: error.message, err: cause }, "request given up");
  if (queue !== undefined) await deps.reply(queue, deps.failed(request, error));
  throw new UnrecoverableError(cause instanceof Error ? `${error.code}: ${cause.message}` : `${error.code}: ${error.message}`);
}

function defaultsOf(job: Job) {
  const { id = "", queueName, timestamp } = job;
  return { requestId: requestIdOfJob(queueName, id, timestamp), receivedAt: new Date(timestamp).toISOString(), channel: "queue" };
}
