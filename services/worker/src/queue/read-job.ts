import { type RequestError, readRequester, requestIdOfJob } from "@openticket/contract";
import type { Job } from "bullmq";
import type { Address, Runnable } from "./action.ts";
import type { ConsumerDeps } from "./consumer-deps.ts";

/** A job as its action has read it, or why nothing can be done about it. */
export type FoundJob = Runnable | (Address & { kind: "hopeless"; error: RequestError });

/** How much of what its producer wrote is told again, in characters: of hostile data each fault may be named. */
const MAX_NAMED = 200;
const MAX_REASON = 10_000;

type ReadDeps = Pick<ConsumerDeps, "actions" | "now" | "logger">;

/** What the job is, and whom its outcome goes to. Never throws, whatever its producer wrote. */
export function readJob(job: Job<unknown>, deps: ReadDeps): FoundJob {
  const { name = "", data } = job;
  const action = deps.actions.get(name.toLowerCase());
  if (!action) {
    const message = `Unknown action "${name.slice(0, MAX_NAMED)}"; expected one of ${[...deps.actions.keys()].join(", ")}`;
    return { ...readRequester(data, defaultsOf(job, deps)), kind: "hopeless", error: { code: "action_unknown", message } };
  }
  const read = action.read(data, defaultsOf(job, deps));
  if (read.kind === "runnable") return read;
  const { reason, ...address } = read;
  return { ...address, kind: "hopeless", error: { code: "command_unreadable", message: `The job is no command: ${reason.slice(0, MAX_REASON)}` } };
}

function defaultsOf(job: Job, { now, logger }: ReadDeps) {
  const { id = "", queueName, timestamp } = job;
  // Made when they are asked for: most commands bring their own.
  return {
    get requestId() {
      return requestIdOfJob(queueName, id, timestamp);
    },
    get receivedAt() {
      const at = madeAt(job, now());
      if (!at) logger.warn({ jobId: id, timestamp }, "job without a time, taken for one that is made now");
      return (at ?? now()).toISOString();
    },
    channel: "queue",
  };
}

/** How far ahead of ours a producer's clock may be, ms. */
const MAX_AHEAD_MS = 86_400_000;

/** When the job was made; undefined where its time is missing, in another unit than ms, or far ahead. */
export function madeAt({ timestamp }: Pick<Job, "timestamp">, now: Date): Date | undefined {
  return timestamp >= 0 && timestamp <= now.getTime() + MAX_AHEAD_MS ? new Date(timestamp) : undefined;
}
