import { JOB_OPTIONS, jobNamesOf, missingRequests, type RedisConnection } from "@openticket/client";
import { COMMAND_QUEUE } from "@openticket/contract";
import type { Logger } from "@openticket/runtime";
import { type Job, Queue } from "bullmq";

/** The command queue as the recovery sees it. */
export interface CommandProducer {
  /** Those of these requests of which the queue holds no job but one that is done. */
  missing(requestIds: readonly string[]): Promise<Set<string>>;
  /** Puts jobs into the queue, each by the name of its request: one that is there already, and not done, is left as it is. */
  enqueue(jobs: readonly { name: string; id: string; data: unknown }[]): Promise<void>;
  /** Commands that wait to be taken; none of a paused queue. */
  waiting(): Promise<number>;
  /** Jobs that BullMQ, or an older version of ours, has failed. */
  failed(limit: number): Promise<Job[]>;
  close(): Promise<void>;
}

/** See {@link CommandProducer}. */
export function makeCommandProducer({ connection, prefix, logger }: { connection: RedisConnection; prefix: string; logger: Logger }): CommandProducer {
  const queue = new Queue(COMMAND_QUEUE, { connection, prefix, skipVersionCheck: true });
  queue.on("error", (err) => logger.warn({ err }, "queue error"));
  const places = { queue, connection, prefix };
  return {
    missing: async (requestIds) => new Set(await missingRequests(places, requestIds)),
    async enqueue(jobs) {
      const ids = jobs.map(({ id }) => id);
      const names = await jobNamesOf(places, ids);
      await queue.addBulk(jobs.map(({ name, id, data }, index) => ({ name, data, opts: { ...JOB_OPTIONS, jobId: names[index] ?? id } })));
    },
    waiting: async () => ((await queue.isPaused()) ? 0 : queue.getJobCountByTypes("waiting", "prioritized")),
    failed: (limit) => queue.getFailed(0, limit - 1),
    close: () => queue.close(),
  };
}
