import { Queue } from "bullmq";
import { QueueUnavailable } from "./errors.ts";
import { type JobState, jobStates } from "./job-states.ts";
import type { RedisConnection } from "./redis.ts";
import { COMMAND_TIMEOUT_MS } from "./redis.ts";
import { within } from "./within.ts";

/** A queue whose every operation ends in bounded time. */
export interface BoundedQueue {
  /** Adds a job once: a job id that is still known is left as it is. Throws {@link QueueUnavailable}. */
  add(job: { name: string; id: string; data: unknown }): Promise<void>;
  /** Jobs that wait, also those that wait for a time. */
  depth(): Promise<number>;
  stateOf(jobId: string): Promise<JobState>;
  close(): Promise<void>;
}

/** One try: the worker counts tries itself, since a producer's number is anyone's guess. Failed jobs are dead letters. */
export const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: false } as const;

/** See {@link BoundedQueue}. Nothing is sent while Redis is away, so that what was refused does not run later. */
export function makeBoundedQueue(name: string, { connection, prefix }: { connection: RedisConnection; prefix: string }): BoundedQueue {
  let opened: { queue: Queue; ready: Promise<unknown> } | undefined;

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

  async function use<T>(operation: (queue: Queue) => Promise<T>): Promise<T> {
    opened ??= open();
    const { queue, ready } = opened;
    const late = () => new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`);
    try {
      await within(Promise.all([ready, untilReady(connection)]), COMMAND_TIMEOUT_MS, late);
      return await within(operation(queue), COMMAND_TIMEOUT_MS, late);
    } catch (error) {
      throw new QueueUnavailable(`the queue ${name} cannot be reached`, { cause: error });
    }
  }

  return {
    add: async ({ name: jobName, id, data }) => {
      await use((queue) => queue.add(jobName, data, { ...JOB_OPTIONS, jobId: id }));
    },
    depth: () => use((queue) => queue.getJobCountByTypes("waiting", "prioritized", "delayed")),
    stateOf: async (jobId) => (await use((queue) => jobStates({ queue, connection }, [jobId])))[0] ?? "unknown",
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
