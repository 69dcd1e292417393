import { type CommandResult, REPLY_JOB, REPLY_QUEUE_PREFIX, REQUEST_STATUS_JOB, type RequestStatus, replyMessage, statusAnswer } from "@openticket/contract";
import { type Job, Queue, Worker } from "bullmq";
import type { ClientLogger } from "./client-logger.ts";
import type { RedisConnection } from "./redis.ts";
import { connectRedis } from "./redis.ts";
import { beat, ownersKey } from "./reply-owners.ts";

/** A process's own reply queue: read from the first {@link ReplyInbox.open} on, kept alive by a heartbeat. */
export interface ReplyInbox {
  readonly queue: string;
  /** Starts to read; later calls, and those after the end, do nothing. Does not wait for Redis: replies wait in the queue. */
  open(): void;
  /** Stops to read, and removes the queue when Redis can be reached. */
  close(): Promise<void>;
}

export interface ReplyInboxDeps {
  redisUrl: string;
  prefix: string;
  /** Ends the queue's name: unique, and a valid part of a queue's name. */
  owner: string;
  onResults(results: CommandResult[]): void;
  /** `answerId` names the question: see the contract's statusQuestion. */
  onStatuses(answerId: string, statuses: RequestStatus[]): void;
  /** A message that is none of ours. */
  onMalformed(): void;
  logger?: ClientLogger | undefined;
}

/** Heartbeat, ms; the janitor's patience is a multiple of it. */
const BEAT_INTERVAL_MS = 30_000;
/** Reply jobs read side by side: handling one is quick, acknowledging it takes a round trip. */
const CONCURRENCY = 8;
/** Pause after an error before the next job is asked for, ms. BullMQ's own 15 s is longer than callers wait. */
const RETRY_DELAY_MS = 500;
/** A shutdown does not wait longer than this for Redis, ms. */
const CLOSE_TIMEOUT_MS = 2000;

/** See {@link ReplyInbox}. */
export function makeReplyInbox(deps: ReplyInboxDeps): ReplyInbox {
  const { redisUrl, prefix, owner, logger } = deps;
  const queue = `${REPLY_QUEUE_PREFIX}${owner}`;
  let reading: { connection: RedisConnection; worker: Worker; timer: NodeJS.Timeout } | undefined;
  let isClosed = false;

  function open(): void {
    if (reading || isClosed) return;
    const connection = connectRedis({
      url: redisUrl,
      prefix,
      name: queue,
      role: "worker",
      onError: (err) => logger?.warn({ err }, "reply queue connection error"),
    });
    const sendBeat = () => void beat(connection, ownersKey(prefix), queue).catch((err: unknown) => logger?.warn({ err }, "heartbeat failed"));
    sendBeat();
    const worker = new Worker(queue, async (job) => read(job, deps), {
      connection,
      prefix,
      concurrency: CONCURRENCY,
      runRetryDelay: RETRY_DELAY_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on("error", (err) => logger?.warn({ err }, "reply queue error"));
    reading = { connection, worker, timer: setInterval(sendBeat, BEAT_INTERVAL_MS).unref() };
  }

  async function close(): Promise<void> {
    isClosed = true;
    if (!reading) return;
    const { connection, worker, timer } = reading;
    reading = undefined;
    clearInterval(timer);
    await atMost(CLOSE_TIMEOUT_MS, worker.close(true));
    if (connection.status === "ready") await atMost(CLOSE_TIMEOUT_MS, removeOwnQueue(connection, prefix, queue));
    connection.disconnect();
  }

  return { queue, open, close };
}

function read(job: Job<unknown>, { onResults, onStatuses, onMalformed, logger }: ReplyInboxDeps): void {
  if (job.name === REPLY_JOB) {
    const message = replyMessage.safeParse(job.data);
    if (message.success) return onResults(message.data.results);
  }
  if (job.name === REQUEST_STATUS_JOB) {
    const answer = statusAnswer.safeParse(job.data);
    if (answer.success) return onStatuses(job.id ?? "", answer.data.statuses);
  }
  logger?.warn({ jobId: job.id, jobName: job.name }, "reply unreadable, dropped");
  onMalformed();
}

async function removeOwnQueue(connection: RedisConnection, prefix: string, name: string): Promise<void> {
  const queue = new Queue(name, { connection, prefix, skipMetasUpdate: true, skipVersionCheck: true });
  await queue.obliterate({ force: true });
  await connection.unlink(Object.values(queue.keys));
  await connection.zrem(ownersKey(prefix), name);
  await queue.close();
}

/** Waits for the end of a clean-up, whatever it is, but no longer than that: what is left is the janitor's. */
async function atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work.catch(() => undefined), timeUp]);
  clearTimeout(timer);
}
