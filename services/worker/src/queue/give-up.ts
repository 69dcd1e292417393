import { hash } from "node:crypto";
import { type DeadLetter, KEPT_FOR_OPERATOR, type RequestError } from "@openticket/contract";
import type { Job } from "bullmq";
import { deadTotal } from "../fault-counters.ts";
import type { Address, Decided } from "./action.ts";
import type { ConsumerDeps } from "./consumer-deps.ts";
import { type FoundJob, madeAt, readJob } from "./read-job.ts";

/** What is kept of a job's data, bytes: a document of MongoDB has 16 MB at most, and the rest of the letter is small. */
const MAX_DATA_BYTES = 15 * 1024 * 1024;
/** Longest reason and name of a job that are kept, in characters. */
const MAX_REASON = 10_000;
const MAX_JOB_NAME = 200;

/** A dead letter, unless an earlier run has come to an outcome: then that is told. */
export async function giveUp(job: Job, read: FoundJob, error: RequestError, deps: ConsumerDeps, cause?: unknown): Promise<string> {
  const decided = read.kind === "runnable" ? await read.recall() : undefined;
  if (decided) {
    await answerOrSay(read, () => tell(read, decided, deps), deps);
    return decided.kind;
  }
  const { queue, requestId, hasReceipt } = read;
  await keep(deadLetterOf(job, read, { code: error.code, reason: cause instanceof Error ? cause.message : error.message, diedAt: deps.now() }), deps);
  deadTotal(deps.metrics).inc({ code: error.code });
  deps.logger.error({ requestId, jobId: job.id, code: error.code, reason: error.message, err: cause }, "request given up");
  if (queue !== undefined) await answerOrSay(read, () => deps.reply(queue, deps.failed(read, error)), deps);
  if (hasReceipt) deps.decided(requestId, "dead-letter");
  return "dead";
}

/** An answer that its queue does not take, such as one that is no queue, is no reason to come back: what it says is stored. */
async function answerOrSay({ queue, requestId }: Address, answer: () => Promise<void>, deps: ConsumerDeps): Promise<void> {
  try {
    await answer();
  } catch (err) {
    if (deps.isOutage(err)) throw err;
    deps.logger.error({ requestId, queue, err }, "answer of a request that was given up not sent");
  }
}

/** What the store refuses for itself is kept without what its producer wrote, so that giving up ends. */
async function keep(letter: DeadLetter, deps: ConsumerDeps): Promise<void> {
  try {
    await deps.bury(letter);
  } catch (err) {
    if (deps.isOutage(err)) throw err;
    deps.logger.error({ requestId: letter._id, err }, "dead letter refused, kept without its data");
    const { dataJson: _data, source: _source, ...bare } = letter;
    await deps.bury({ ...bare, jobName: "" });
  }
}

function deadLetterOf(job: Job, read: FoundJob, death: Pick<DeadLetter, "code" | "reason" | "diedAt">): DeadLetter {
  const { requestId, source } = read;
  const { name = "", data, attemptsStarted: attempts } = job;
  const jobName = name.slice(0, MAX_JOB_NAME).toWellFormed();
  const receivedAt = madeAt(job, death.diedAt) ?? death.diedAt;
  const reason = death.reason.slice(0, MAX_REASON).toWellFormed();
  const dataFingerprint = hash("sha256", `${jobName.toLowerCase()}\0${jsonOf(askedIn(data))}`);
  const fingerprint = (read.kind === "runnable" ? read.fingerprint?.() : undefined) ?? dataFingerprint;
  return { _id: requestId, jobName, ...keptOf(data), fingerprint, dataFingerprint, attempts, receivedAt, ...(source && { source }), ...death, reason };
}

/** What a job asks for, without the envelope, which is another with each sending. */
function askedIn(data: unknown): unknown {
  return typeof data === "object" && data !== null && "ticket" in data ? data.ticket : data;
}

function keptOf(data: unknown): Pick<DeadLetter, "dataJson" | "lostDataBytes"> {
  const dataJson = jsonOf(data);
  if (dataJson === undefined) return {};
  const bytes = Buffer.byteLength(dataJson);
  return bytes <= MAX_DATA_BYTES ? { dataJson } : { lostDataBytes: bytes };
}

/** Undefined of what nests deeper than the engine follows, though it could read it. */
function jsonOf(data: unknown): string | undefined {
  try {
    return JSON.stringify(data) ?? "null";
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Makes dead letters of jobs that BullMQ has failed without our code, answers their requesters, and takes them out. One of
 * which none can be made stays, and holds up no other; throws on an outage.
 */
export async function buryFailedJobs(jobs: readonly Job[], deps: ConsumerDeps): Promise<number> {
  for (const job of jobs) {
    try {
      await buryFailedJob(job, deps);
    } catch (error) {
      if (deps.isOutage(error)) throw error;
      deps.logger.error({ jobId: job.id, err: error }, "failed job not made a dead letter");
    }
  }
  return jobs.length;
}

async function buryFailedJob(job: Job, deps: ConsumerDeps): Promise<void> {
  const reason = job.failedReason || "failed for an unknown reason";
  await giveUp(job, readJob(job, deps), { code: "failed", message: KEPT_FOR_OPERATOR }, deps, new Error(reason));
  // Of a flow, the other jobs are their producer's.
  await job.remove({ removeChildren: false });
}

/** To whoever wants to hear of the outcome. */
export async function tell({ queue, requestId, hasReceipt }: Address, { result, outcome, replied }: Decided, deps: ConsumerDeps): Promise<void> {
  if (queue !== undefined && result) {
    await deps.reply(queue, result);
    replied?.();
  }
  if (hasReceipt) deps.decided(requestId, outcome);
}
