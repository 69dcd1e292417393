import type { RedisConnection } from "@openticket/client";
import { REQUEST_STATUS_JOB, type RequestStatus, STATUS_QUEUE, statusQuestion } from "@openticket/contract";
import type { Logger } from "@openticket/runtime";
import { Worker } from "bullmq";

export interface StatusAnswererDeps {
  /** What the store knows of these requests, in the order asked. */
  outcomes(requestIds: readonly string[]): Promise<RequestStatus[]>;
  answer(queue: string, message: { jobName: string; data: unknown; id: string }): Promise<void>;
  logger: Logger;
}

/** How many questions are answered side by side. */
const CONCURRENCY = 20;

/** Answers questions for the outcome of earlier requests, from the store: a result outlives its job. */
export function startStatusAnswerer(
  { connection, prefix }: { connection: RedisConnection; prefix: string },
  deps: StatusAnswererDeps,
): { close(): Promise<void> } {
  const worker = new Worker(
    STATUS_QUEUE,
    async (job) => {
      const question = statusQuestion.safeParse(job.data);
      if (!question.success) return deps.logger.warn({ jobId: job.id }, "status question unreadable");
      const { requestIds, replyTo } = question.data;
      const statuses = await deps.outcomes(requestIds);
      await deps.answer(replyTo.queue, { jobName: REQUEST_STATUS_JOB, data: { v: 1, statuses }, id: `${job.id}-answer` });
    },
    { connection, prefix, concurrency: CONCURRENCY, removeOnComplete: { count: 0 }, removeOnFail: { count: 100 } },
  );
  worker.on("error", (err) => deps.logger.warn({ err }, "status queue error"));
  return { close: () => worker.close() };
}
