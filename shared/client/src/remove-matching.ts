import type { Queue } from "bullmq";
import { AT_REST, idsIn } from "./job-ids.ts";

/** Jobs whose data is held at once, of up to 8 MiB each. */
const AT_ONCE = 50;
/** Looks at the whole queue. The second finds nothing, unless such jobs come all the time. */
const MAX_PASSES = 10;

interface Taken {
  removed: number;
  /** That matched, and that a worker has in hand. */
  active: number;
}

/**
 * Takes out every job, in whatever state but active, whose data `matches`, until a look at the whole queue finds none.
 * Of a flow, the other jobs are their producer's, and stay.
 */
export async function removeMatching(queue: Queue, matches: (data: unknown) => boolean): Promise<Taken> {
  let removed = 0;
  for (let passes = 1; ; passes++) {
    const pass = await onePass(queue, matches);
    removed += pass.removed;
    if (pass.removed === 0 || passes === MAX_PASSES) return { removed, active: pass.active };
  }
}

/** Jobs go on meanwhile: one that leaves its state before that is read is met in a later one, also where a worker gives it back. */
async function onePass(queue: Queue, matches: (data: unknown) => boolean): Promise<Taken> {
  const before = await idsIn(queue, AT_REST);
  const inHand = await idsIn(queue, ["active"]);
  const ids = new Set([...before, ...(await idsIn(queue, AT_REST))]);
  const matching = await matchingOf(queue, [...ids], matches, (id) => queue.remove(id, { removeChildren: false }));
  const active = await matchingOf(
    queue,
    [...inHand].filter((id) => !ids.has(id)),
    matches,
    async () => LOCKED,
  );
  const codes = [...matching, ...active];
  return { removed: codes.filter((code) => code !== LOCKED).length, active: codes.filter((code) => code === LOCKED).length };
}

/** What BullMQ answers when a worker has taken the job. */
const LOCKED = 0;

/** What `take` answers for each of these jobs that is still there and matches. */
async function matchingOf(queue: Queue, ids: readonly string[], matches: (data: unknown) => boolean, take: (id: string) => Promise<number>): Promise<number[]> {
  const codes: number[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const some = ids.slice(start, start + AT_ONCE);
    const jobs = await Promise.all(some.map((id) => queue.getJob(id)));
    const matching = some.filter((_id, index) => jobs[index] && matches(jobs[index].data));
    codes.push(...(await Promise.all(matching.map(take))));
  }
  return codes;
}
