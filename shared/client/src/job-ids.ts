import type { JobType, Queue } from "bullmq";

/** Ids that are asked for at once, about 40 bytes each. */
const PAGE = 5000;

/** `paused` is none of BullMQ 6 any more, which reads it all the same: what waits goes there when a program on BullMQ 5 or older pauses the queue. */
type JobPlace = JobType | "paused";

/** Where a job may be that nobody has in hand: each place before those that it leads to. */
export const AT_REST = ["failed", "completed", "waiting-children", "delayed", "prioritized", "wait", "paused"] as const;

/** Wherever a job may be, also one that goes on meanwhile: who has it in hand may give it back to any of the places before. */
export const ANYWHERE = [...AT_REST, "active", ...AT_REST] as const;

/** Ids of the jobs in one state, page after page; `most`: what stands behind so many is not found. */
export async function* idPages(
  queue: Queue,
  state: JobPlace,
  { isOldestFirst = false, most = Number.POSITIVE_INFINITY }: { isOldestFirst?: boolean; most?: number } = {},
): AsyncGenerator<string[]> {
  for (let start = 0; start < most; start += PAGE) {
    // BullMQ's script knows each place, its types not.
    const ids = await queue.getRanges([state as JobType], start, start + PAGE - 1, isOldestFirst);
    yield ids;
    if (ids.length < PAGE) return;
  }
}

/**
 * The ids of all jobs in these states, each once, in the order of the states.
 *
 * Problem: jobs come and go while they are looked through, and a page shows its part of what stands there by then.
 * Choice: ids alone, page after page without a pause, the newest first. Workers take the oldest, which moves none of those
 * before them; what comes moves all of them back, and some are seen twice. A job that has left its state since is still
 * found by its id. Rejected: BullMQ's `getJobs`, which leaves out the jobs that are gone, so that a page that is not full
 * looks like the last one.
 * Invariant: what stays in a state while that is read is found, unless somebody removes newer jobs of it just then; and so is
 * what goes from one to another that is read later.
 */
export async function idsIn(queue: Queue, states: readonly JobPlace[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const state of states) {
    for await (const ids of idPages(queue, state)) for (const id of ids) found.add(id);
  }
  return found;
}
