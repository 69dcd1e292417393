import { REPLY_JOB, REQUEST_STATUS_JOB } from "@openticket/contract";
import type { Queue } from "bullmq";
import type { RedisConnection } from "./redis.ts";

/**
 * Which jobs of a queue are messages of ours.
 *
 * Problem: a requester may have its replies put where jobs of its own wait as well, and those are not ours to clear away.
 * Choice: what is removed has the name and the kind of id that we give; the ids are looked at first, because they are
 * short. Rejected: BullMQ's `clean`, which asks for an age and nothing else.
 * Invariant: a job of somebody else stays, however long its queue is.
 */

/** By the name of the job. The id of an answer is its question's: see the contract's `statusQuestion`. */
const OUR_IDS: ReadonlyMap<string, RegExp> = new Map([
  [REPLY_JOB, /^reply_[0-9a-f]{32}$/],
  [REQUEST_STATUS_JOB, /-answer$/],
]);

/** Ids that are asked for at once, about 40 bytes each. */
const PAGE = 5000;
/** Jobs of one queue that one look is at: what stands behind as many of somebody else's is not found. */
const MAX_LOOKED_AT = 100_000;
/** Jobs that are asked about, and removed, side by side. */
const AT_ONCE = 500;

/** Ids in one state that are of the kind of ours, the oldest first where they wait or have failed. */
export async function idsLikeOurs(queue: Queue, state: "wait" | "delayed" | "failed"): Promise<string[]> {
  const found: string[] = [];
  for (let start = 0; start < MAX_LOOKED_AT; start += PAGE) {
    const ids = await queue.getRanges([state], start, start + PAGE - 1, true);
    found.push(...ids.filter((id) => [...OUR_IDS.values()].some((kind) => kind.test(id))));
    if (ids.length < PAGE) break;
  }
  return found;
}

/** Removes those of these jobs that are ours and were made before then, ms since 1970; what a reader has in hand stays. The number removed. */
export async function removeOurs(
  queue: Queue,
  ids: readonly string[],
  { connection, beforeMs }: { connection: RedisConnection; beforeMs: number },
): Promise<number> {
  let removed = 0;
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const codes = await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => removeOne(queue, id, { connection, beforeMs })));
    removed += codes.filter((code) => code === 1).length;
  }
  return removed;
}

async function removeOne(queue: Queue, id: string, { connection, beforeMs }: { connection: RedisConnection; beforeMs: number }): Promise<number> {
  const [name, madeAtMs] = await connection.hmget(queue.toKey(id), "name", "timestamp");
  const isOurs = OUR_IDS.get(name ?? "")?.test(id) ?? false;
  return isOurs && Number(madeAtMs) <= beforeMs ? queue.remove(id, { removeChildren: false }) : 0;
}
