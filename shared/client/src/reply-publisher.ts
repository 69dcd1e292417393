import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { CONTRACT_VERSION, type CommandResult, DEFAULT_QUEUE_PREFIX, isProductQueue, REPLY_JOB } from "@openticket/contract";
import { Queue } from "bullmq";
import type { ClientLogger } from "./client-logger.ts";
import { type Coalescer, makeCoalescer } from "./coalescer.ts";
import { idsLikeOurs, removeOurs } from "./our-messages.ts";
import type { RedisConnection } from "./redis.ts";
import { beat, foreignKey, isOwnReplyQueue } from "./reply-owners.ts";

/**
 * Puts replies on the queues of their requesters.
 *
 * Problem: one job per reply halves the throughput, and a batching delay would cost the lone caller.
 * Choice: results that arrive while a job for the same queue is being added become the next job together.
 * The job id is a hash of the results: an `add` that is sent twice, by ioredis or by a repeated delivery, is one job.
 * Invariant: a published result is in Redis; what is left of ours in a queue that nobody reads, or whose reader fails, is
 * bounded, and nothing else in it is touched.
 */
export interface ReplyPublisher {
  /** Ends when the result is on the queue; what is for a queue of the product's own goes nowhere, and is warned of. */
  publish(queue: string, result: CommandResult): Promise<void>;
  /** Puts one other message on a reply queue, likewise; `id` must be derived from what is answered. */
  send(queue: string, message: { jobName: string; data: unknown; id: string }): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
  readonly counts: { readonly trimmed: number; readonly openQueues: number };
}

export interface ReplyPublisherOptions {
  /** Shared, never closed here. */
  connection: RedisConnection;
  prefix?: string | undefined;
  logger?: ClientLogger | undefined;
  /** Jobs of ours that may wait on one reply queue, or be among its failed; the oldest go first. */
  maxWaitingJobs?: number | undefined;
  /** Reply queues that are kept open; the one unused for longest is closed. */
  maxOpenQueues?: number | undefined;
}

/** Results of one job; about 200 bytes each. */
const MAX_RESULTS_PER_JOB = 500;
const DEFAULT_MAX_WAITING_JOBS = 10_000;
const DEFAULT_MAX_OPEN_QUEUES = 500;
/** The length of a queue is looked at after so many jobs, as a part of the allowed length. */
const CHECKS_PER_LENGTH = 8;
/** And at the latest after this time, with the next job, ms. */
const CHECK_INTERVAL_MS = 10 * 60_000;
/** Entries of BullMQ's event stream on a reply queue: nobody reads it. */
const MAX_EVENTS = 10;
const HASH_LENGTH = 32;

/** Our own readers have read a reply when they have it, whatever comes of it then. */
const READ_ONCE = { removeOnComplete: true, removeOnFail: true } as const;
/**
 * A foreign reader may fail with a reply: it gets it again a little later, and may look at what it has failed for a day. The
 * janitor takes it then: a limit given here would be BullMQ's for all that has failed in the queue, its owner's jobs as well.
 */
const READ_AGAIN = { attempts: 3, backoff: { type: "exponential", delay: 1000 }, removeOnComplete: true, removeOnFail: false } as const;

interface OpenQueue {
  queue: Queue;
  options: typeof READ_ONCE | typeof READ_AGAIN;
  replies: Coalescer<CommandResult>;
  /** Results on their way, by request and correlation. */
  inLine: Map<string, { result: CommandResult; published: Promise<void> }>;
  /** Adds under way. */
  busy: number;
  jobsUntilCheck: number;
  /** By the monotonic clock, ms. */
  nextCheckAtMs: number;
}

/** See {@link ReplyPublisher}. */
export function makeReplyPublisher(options: ReplyPublisherOptions): ReplyPublisher {
  const { connection, prefix = DEFAULT_QUEUE_PREFIX, logger, maxWaitingJobs = DEFAULT_MAX_WAITING_JOBS, maxOpenQueues = DEFAULT_MAX_OPEN_QUEUES } = options;
  const checkInterval = Math.max(1, Math.floor(maxWaitingJobs / CHECKS_PER_LENGTH));
  const openQueues = new Map<string, OpenQueue>();
  const underWay = new Set<Promise<unknown>>();
  let trimmed = 0;

  function publish(queueName: string, result: CommandResult): Promise<void> {
    if (isProductQueue(queueName)) return toNobody(queueName, { requestId: result.requestId });
    return track(async () => await addOnce(queueOf(queueName), result));
  }

  /** Whoever gave up waiting and comes again with the same result, as deliveries do while Redis is away, waits for the first. */
  function addOnce({ inLine, replies }: OpenQueue, result: CommandResult): Promise<void> {
    const name = `${result.requestId}\0${result.correlationId}`;
    const before = inLine.get(name);
    if (before && isDeepStrictEqual(before.result, result)) return before.published;
    const published = replies.add(result).finally(() => inLine.delete(name));
    inLine.set(name, { result, published });
    return published;
  }

  function send(queueName: string, { jobName, data, id }: { jobName: string; data: unknown; id: string }): Promise<void> {
    if (isProductQueue(queueName)) return toNobody(queueName, { jobName, jobId: id });
    return track(() => addJob(queueOf(queueName), jobName, data, id));
  }

  async function toNobody(queue: string, about: object): Promise<void> {
    logger?.warn({ queue, ...about }, "reply not sent: its queue is one of the product's own");
  }

  /** The most recently used queue stands last in the map. */
  function queueOf(name: string): OpenQueue {
    const open = openQueues.get(name) ?? openQueue(name);
    openQueues.delete(name);
    openQueues.set(name, open);
    return open;
  }

  function openQueue(name: string): OpenQueue {
    closeUnused();
    const isOwn = isOwnReplyQueue(name);
    // A foreign requester's queue keeps the settings that its owner gave it.
    const settings = isOwn ? { streams: { events: { maxLen: MAX_EVENTS } } } : { skipMetasUpdate: true };
    const queue = new Queue(name, { connection, prefix, skipVersionCheck: true, ...settings });
    queue.on("error", () => undefined);
    const replies = makeCoalescer<CommandResult>({
      maxBatch: MAX_RESULTS_PER_JOB,
      send: (results) => addJob(open, REPLY_JOB, { v: CONTRACT_VERSION, results }, `reply_${hashOf(results)}`),
    });
    const open: OpenQueue = { queue, options: isOwn ? READ_ONCE : READ_AGAIN, replies, inLine: new Map(), busy: 0, jobsUntilCheck: 0, nextCheckAtMs: 0 };
    return open;
  }

  function closeUnused(): void {
    if (openQueues.size < maxOpenQueues) return;
    for (const [name, open] of openQueues) {
      if (open.busy > 0 || !open.replies.isIdle()) continue;
      openQueues.delete(name);
      void open.queue.close().catch(() => undefined);
      return;
    }
  }

  async function addJob(open: OpenQueue, jobName: string, data: unknown, jobId: string): Promise<void> {
    open.busy += 1;
    try {
      await open.queue.add(jobName, data, { jobId, ...open.options });
      if (isCheckDue(open)) {
        await keepInBounds(open.queue).catch((err: unknown) => logger?.warn({ err, queue: open.queue.name }, "reply queue not trimmed"));
      }
    } finally {
      open.busy -= 1;
    }
  }

  function isCheckDue(open: OpenQueue): boolean {
    const nowMs = performance.now();
    if (--open.jobsUntilCheck > 0 && nowMs < open.nextCheckAtMs) return false;
    open.jobsUntilCheck = checkInterval;
    open.nextCheckAtMs = nowMs + CHECK_INTERVAL_MS;
    return true;
  }

  async function keepInBounds(queue: Queue): Promise<void> {
    if (!isOwnReplyQueue(queue.name)) await beat(connection, foreignKey(prefix), queue.name);
    for (const state of ["wait", "failed"] as const) await shorten(queue, state);
  }

  async function shorten(queue: Queue, state: "wait" | "failed"): Promise<void> {
    if ((await queue.getJobCountByTypes(state)) <= maxWaitingJobs) return;
    const ids = await idsLikeOurs(queue, state);
    const excess = ids.slice(0, Math.max(0, ids.length - maxWaitingJobs));
    const removed = await removeOurs(queue, excess, { connection, beforeMs: Number.POSITIVE_INFINITY });
    if (removed === 0) return;
    trimmed += removed;
    logger?.warn({ queue: queue.name, state, trimmed: removed }, "reply queue too long, oldest replies removed");
  }

  async function track<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  }

  async function close(): Promise<void> {
    await Promise.allSettled(underWay);
    await Promise.allSettled([...openQueues.values()].map(({ queue }) => queue.close()));
    openQueues.clear();
  }

  return {
    publish,
    send,
    close,
    counts: {
      get trimmed() {
        return trimmed;
      },
      get openQueues() {
        return openQueues.size;
      },
    },
  };
}

function hashOf(results: readonly CommandResult[]): string {
  return createHash("sha256").update(JSON.stringify(results)).digest("hex").slice(0, HASH_LENGTH);
}
