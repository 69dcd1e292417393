import {
  COMMAND_QUEUE,
  type OpenTicketCommand,
  type OpenTicketResult,
  openTicketCommand,
  REQUEST_STATUS_JOB,
  type RequestStatus,
  STATUS_QUEUE,
  statusQuestion,
} from "@openticket/contract";
import { Worker } from "bullmq";
import { connectRedis } from "../../src/redis.ts";
import { makeReplyPublisher, type ReplyPublisher } from "../../src/reply-publisher.ts";
import { successOf } from "./commands.ts";

export interface FakeWorker {
  /** Commands in the order in which they were taken. */
  taken: OpenTicketCommand[];
  replies: ReplyPublisher;
  close(): Promise<void>;
}

export interface FakeWorkerOptions {
  url: string;
  prefix: string;
  decide?: (command: OpenTicketCommand, index: number) => OpenTicketResult | Promise<OpenTicketResult>;
  statusOf?: (requestId: string) => RequestStatus;
}

/** Consumes commands and questions as the worker does, and replies through the real publisher. */
export function startFakeWorker({
  url,
  prefix,
  decide = (command, index) => successOf(command, index + 1),
  statusOf = (requestId) => ({ requestId, state: "unknown" }),
}: FakeWorkerOptions): FakeWorker {
  const connection = connectRedis({ url, prefix, name: "fake-worker", role: "worker" });
  const replies = makeReplyPublisher({ connection, prefix });
  const taken: OpenTicketCommand[] = [];
  const options = { connection, prefix, concurrency: 50, runRetryDelay: 100, removeOnComplete: { count: 0 } };
  const commands = new Worker(
    COMMAND_QUEUE,
    async (job) => {
      const command = openTicketCommand.parse(job.data);
      const result = await decide(command, taken.push(command) - 1);
      if (command.replyTo) await replies.publish(command.replyTo.queue, result);
    },
    options,
  );
  const questions = new Worker(
    STATUS_QUEUE,
    async (job) => {
      const { requestIds, replyTo } = statusQuestion.parse(job.data);
      await replies.send(replyTo.queue, { jobName: REQUEST_STATUS_JOB, data: { v: 1, statuses: requestIds.map(statusOf) }, id: `${job.id}-answer` });
    },
    options,
  );
  for (const worker of [commands, questions]) worker.on("error", () => undefined);
  return {
    taken,
    replies,
    async close() {
      // Closed by force, a worker may still take a job, whose answer would go out no more.
      await Promise.all([commands.close(), questions.close()]);
      await replies.close();
      connection.disconnect();
    },
  };
}
