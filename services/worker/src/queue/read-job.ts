import { type RequestError, readRequester, requestIdOfJob } from "@openticket/contract";
import type { Job } from "bullmq";
import type { Actions, Address, Runnable } from "./action.ts";

/** A job as its action has read it, or why nothing can be done about it. */
export type FoundJob = Runnable | (Address & { kind: "hopeless"; error: RequestError });

/** What the job is, and whom its outcome goes to. Never throws. */
export function readJob(job: Job<unknown>, actions: Actions): FoundJob {
  const action = actions.get(job.name.toLowerCase());
  if (!action) {
    const message = `Unknown action "${job.name}"; expected one of ${[...actions.keys()].join(", ")}`;
    return { ...readRequester(job.data, defaultsOf(job)), kind: "hopeless", error: { code: "action_unknown", message } };
  }
  const read = action.read(job.data, defaultsOf(job));
  if (read.kind === "runnable") return read;
  const { reason, ...address } = read;
  return { ...address, kind: "hopeless", error: { code: "command_unreadable", message: `The job is no command: ${reason}` } };
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
