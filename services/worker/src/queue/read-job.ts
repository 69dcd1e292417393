import { type CommandSource, OPEN_TICKET_JOB, type OpenTicketCommand, type RequestError, readCommand, requestIdOfJob } from "@openticket/contract";
import type { Job } from "bullmq";

/** Whose request a job is, and where its outcome goes. */
export interface Address {
  requestId: string;
  correlationId?: string | undefined;
  queue?: string | undefined;
  source?: CommandSource | undefined;
  hasReceipt?: boolean | undefined;
}

export type ReadJob = Address & ({ kind: "command"; command: OpenTicketCommand } | { kind: "hopeless"; error: RequestError });

/** What the job is, and whom its outcome goes to. Never throws. */
export function readJob(job: Job<unknown>): ReadJob {
  const read = readCommand(job.data, defaultsOf(job));
  if (read.kind === "unreadable") {
    return { ...read.reply, kind: "hopeless", error: { code: "command_unreadable", message: `The job is no command: ${read.reason}` } };
  }
  const { command } = read;
  const { requestId, correlationId, source, hasReceipt } = command;
  const address: Address = { requestId, correlationId, source, hasReceipt, queue: command.replyTo?.queue };
  if (job.name.toLowerCase() !== OPEN_TICKET_JOB.toLowerCase()) {
    return { ...address, kind: "hopeless", error: { code: "action_unknown", message: `Unknown action "${job.name}"; expected ${OPEN_TICKET_JOB}` } };
  }
  return { ...address, kind: "command", command };
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
