import type { Queue } from "bullmq";
import type { RedisConnection } from "./redis.ts";

/**
 * In which state jobs are, for the same price however many there are.
 *
 * Problem: BullMQ's `getJobState` looks through the lists of what is active, waiting and paused, each from its newest end, in a
 * script: the oldest job, and a name that the queue does not know, cost Redis' only thread the whole list.
 * Choice: what stands under the job's own name. The queue has a job's hash for as long as it holds the job, in whatever state,
 * and drops another job of that name; whoever works on it has a lock beside it; what is kept although it is done or has failed
 * is in a sorted set. No script: of several jobs that change meanwhile, each is told as it was at one moment of the look.
 * Layout: that of BullMQ 6.7, as its `commands/*.lua` have it: `includes/storeJob` writes the hash, `addStandardJob` lets no
 * second one of its name in, `includes/prepareJobForProcessing` takes the lock, `includes/removeLock` gives it back,
 * `moveToFinished` sorts into `completed` and `failed`, or removes the hash. A test holds this against `getJobState`.
 * Rejected: a script of our own over all jobs of a question, in which Redis would answer nobody else.
 */
export type JobState =
  /** The queue has no job of that name. */
  | "unknown"
  /**
   * Also in a paused queue, for a time, behind others or for jobs of its own; and after its worker let the lock lapse. What is in no
   * list of the queue, by some hand from outside, seems to wait as well.
   */
  | "waiting"
  | "active"
  /** Kept although it is done: it does not run again, and no other job of its name is let in. */
  | "completed"
  | "failed";

export interface JobKeys {
  queue: Pick<Queue, "toKey">;
  connection: RedisConnection;
}

/** Written with each job, in its hash alone: BullMQ keeps other things under names that a job could be asked for by. */
const FIELD_OF_A_JOB = "timestamp";
/** What Redis says of such a thing when it is no hash. */
const OTHER_THING = /^WRONGTYPE/;

/** The states of these jobs, in their order, with one round trip. Their keys share the queue's hash tag, as a cluster needs it. */
export async function jobStates({ queue, connection }: JobKeys, jobIds: readonly string[]): Promise<JobState[]> {
  const look = connection.pipeline();
  for (const jobId of jobIds) {
    look.hexists(queue.toKey(jobId), FIELD_OF_A_JOB);
    look.exists(queue.toKey(`${jobId}:lock`));
    look.zscore(queue.toKey("completed"), jobId);
    look.zscore(queue.toKey("failed"), jobId);
  }
  const answers = (await look.exec())?.map(told) ?? [];
  return jobIds.map((_jobId, index) => stateIn(answers.slice(index * 4, index * 4 + 4)));
}

function stateIn([isHeld, isLocked, completedAt, failedAt]: unknown[]): JobState {
  if (isHeld !== 1) return "unknown";
  if (completedAt !== null) return "completed";
  if (failedAt !== null) return "failed";
  return isLocked === 1 ? "active" : "waiting";
}

function told([error, value]: [Error | null, unknown]): unknown {
  if (error && !OTHER_THING.test(error.message)) throw error;
  return value;
}
