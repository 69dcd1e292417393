import { Queue } from "bullmq";
import { ReplyError } from "ioredis";
import { QueueUnavailable, ReplyTimeout } from "./errors.ts";
import { inCommandTime } from "./in-command-time.ts";
import { type JobState, jobStates } from "./job-states.ts";
import type { RedisConnection } from "./redis.ts";
import { onLoss } from "./redis.ts";

/** A queue whose every operation ends in bounded time. */
export interface BoundedQueue {
  /**
   * Adds a job once: a job id that is still known is left as it is. Throws {@link QueueUnavailable} when it is not in the queue
   * and will not be; {@link ReplyTimeout}, with the job's id, when Redis has not answered what was sent: then it may be.
   */
  add(job: { name: string; id: string; data: unknown }): Promise<void>;
  /** Jobs that wait, also those that wait for a time. */
  depth(): Promise<number>;
  stateOf(jobId: string): Promise<JobState>;
  close(): Promise<void>;
}

/** One try: the worker counts tries itself, since a producer's number is anyone's guess. Failed jobs are dead letters. */
export const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: false } as const;

/**
 * See {@link BoundedQueue}.
 *
 * Problem: a command whose time is up is not taken back. It stands in the socket's buffer, ioredis sends it again over its next
 * connection, and Redis does it when it goes on: a caller who was told "not accepted", and repeats, has two tickets.
 * Choice: nothing is sent while Redis is away, and that is a refusal. Of what was sent, only Redis' own word is one, and only
 * over a connection that held: otherwise it may be the answer to the second sending, and the first was done.
 */
export function makeBoundedQueue(name: string, { connection, prefix }: { connection: RedisConnection; prefix: string }): BoundedQueue {
  let opened: { queue: Queue; ready: Promise<unknown> } | undefined;
  let losses = 0;
  onLoss(connection, () => {
    losses += 1;
  });

  function open(): { queue: Queue; ready: Promise<unknown> } {
    const queue = new Queue(name, { connection, prefix, skipVersionCheck: true });
    queue.on("error", () => undefined);
    const ready = queue.waitUntilReady();
    // A queue whose first contact failed never works; the next caller makes another.
    ready.catch(() => {
      opened = undefined;
      void queue.close().catch(() => undefined);
    });
    return { queue, ready };
  }

  async function reach(): Promise<Queue> {
    opened ??= open();
    const { queue, ready } = opened;
    try {
      await inCommandTime(Promise.all([ready, untilReady(connection)]));
      return queue;
    } catch (error) {
      throw unavailable(error);
    }
  }

  async function add({ name: jobName, id, data }: { name: string; id: string; data: unknown }): Promise<void> {
    const queue = await reach();
    const lossesBefore = losses;
    try {
      await inCommandTime(queue.add(jobName, data, { ...JOB_OPTIONS, jobId: id }));
    } catch (error) {
      if (error instanceof ReplyError && losses === lossesBefore) throw unavailable(error);
      throw new ReplyTimeout(id, { cause: error });
    }
  }

  async function look<T>(question: (queue: Queue) => Promise<T>): Promise<T> {
    const queue = await reach();
    try {
      return await inCommandTime(question(queue));
    } catch (error) {
      throw unavailable(error);
    }
  }

  function unavailable(cause: unknown): QueueUnavailable {
    return new QueueUnavailable(`the queue ${name} cannot be reached, or refuses`, { cause });
  }

  return {
    add,
    depth: () => look((queue) => queue.getJobCountByTypes("waiting", "prioritized", "delayed")),
    stateOf: async (jobId) => (await look((queue) => jobStates({ queue, connection }, [jobId])))[0] ?? "unknown",
    close: async () => {
      await opened?.queue.close().catch(() => undefined);
    },
  };
}

const reconnections = new WeakMap<RedisConnection, Promise<void>>();

/** Ends when the connection is ready; one listener serves all who wait. */
function untilReady(connection: RedisConnection): Promise<void> {
  if (connection.status === "ready") return Promise.resolve();
  const running = reconnections.get(connection);
  if (running) return running;
  const next = new Promise<void>((resolve) => {
    connection.once("ready", () => {
      reconnections.delete(connection);
      resolve();
    });
  });
  reconnections.set(connection, next);
  return next;
}
