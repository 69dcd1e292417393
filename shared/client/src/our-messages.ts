import { REPLY_JOB, REQUEST_STATUS_JOB } from "@openticket/contract";
import type { Queue } from "bullmq";
import { idPages, idsIn } from "./job-ids.ts";
import type { RedisConnection } from "./redis.ts";

/**
 * Which jobs of a queue are messages of ours.
 *
 * Problem: a requester may have its replies put where jobs of its own wait as well, and those are not ours to clear away.
 * Choice: what is removed has the name and the kind of id that we give; the ids are looked at first, because they are
 * short. Rejected: BullMQ's `clean`, which asks for an age and nothing else.
 * Invariant: a job of somebody else stays, however long its queue is; and a result that is taken out leaves the others.
 */

/** By the name of the job. The id of an answer is its question's: see the contract's `statusQuestion`. */
const OUR_IDS: ReadonlyMap<string, RegExp> = new Map([
  [REPLY_JOB, /^reply_[0-9a-f]{32}$/],
  [REQUEST_STATUS_JOB, /-answer$/],
]);

/** Jobs of one queue that one look is at: what stands behind as many of somebody else's is not found. */
const MAX_LOOKED_AT = 100_000;
/** Jobs that are asked about, and removed, side by side. */
const AT_ONCE = 500;

/** Ids in one state that are of the kind of ours, the oldest first where they wait or have failed. */
export async function idsLikeOurs(queue: Queue, state: "wait" | "delayed" | "failed"): Promise<string[]> {
  const found: string[] = [];
  for await (const ids of idPages(queue, state, { isOldestFirst: true, most: MAX_LOOKED_AT })) {
    found.push(...ids.filter((id) => [...OUR_IDS.values()].some((kind) => kind.test(id))));
  }
  return found;
}

/** Removes those of these jobs that are ours and were made before then, ms since 1970; what a reader has in hand stays. The number removed. */
export async function removeOurs(
  queue: Queue,
  ids: readonly string[],
  { connection, beforeMs }: { connection: RedisConnection; beforeMs: number },
): Promise<number> {
  return sumOf(ids, (id) => removeOne(queue, id, { connection, beforeMs }));
}

/** What `work` comes to for all of them. */
async function sumOf(ids: readonly string[], work: (id: string) => Promise<number>): Promise<number> {
  let sum = 0;
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    for (const count of await Promise.all(ids.slice(start, start + AT_ONCE).map(work))) sum += count;
  }
  return sum;
}

async function removeOne(queue: Queue, id: string, { connection, beforeMs }: { connection: RedisConnection; beforeMs: number }): Promise<number> {
  const [name, madeAtMs] = await connection.hmget(queue.toKey(id), "name", "timestamp");
  const isOurs = OUR_IDS.get(name ?? "")?.test(id) ?? false;
  return isOurs && Number(madeAtMs) <= beforeMs && (await remove(queue, id)) ? 1 : 0;
}

/** Where a reply may be. What a reader has in hand may come back to it, and has no more of these results then. */
const ANY_STATE = ["wait", "prioritized", "active", "delayed", "failed", "completed"] as const;

/** Takes the results of these requests out of our replies in the queue; one that has no other result goes. The number of results. */
export async function takeOutResults(queue: Queue, requestIds: ReadonlySet<string>, { connection }: { connection: RedisConnection }): Promise<number> {
  const ids = [...(await idsIn(queue, ANY_STATE))].filter((id) => OUR_IDS.get(REPLY_JOB)?.test(id));
  return sumOf(ids, (id) => takeOutOf(queue, id, requestIds, connection));
}

async function takeOutOf(queue: Queue, id: string, requestIds: ReadonlySet<string>, connection: RedisConnection): Promise<number> {
  const [name, dataJson] = await connection.hmget(queue.toKey(id), "name", "data");
  const message = name === REPLY_JOB ? messageOf(dataJson ?? "") : undefined;
  if (!message) return 0;
  const others = message.results.filter((result) => !requestIds.has(requestIdOf(result)));
  const found = message.results.length - others.length;
  if (found === 0) return 0;
  const isDone = others.length > 0 ? await replaceData(queue, id, { ...message, results: others }) : await remove(queue, id);
  return isDone ? found : 0;
}

/** False when a reader has it in hand, or has had it. */
async function remove(queue: Queue, id: string): Promise<boolean> {
  return (await queue.remove(id, { removeChildren: false })) === 1;
}

/** False when a reader has had it by now. */
async function replaceData(queue: Queue, id: string, data: unknown): Promise<boolean> {
  const job = await queue.getJob(id);
  try {
    await job?.updateData(data);
    return job !== undefined;
  } catch (error) {
    if (await queue.getJob(id)) throw error;
    return false;
  }
}

/** Anybody may have put it there: undefined for what holds no results. */
function messageOf(json: string): { results: unknown[] } | undefined {
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === "object" && data !== null && "results" in data && Array.isArray(data.results) ? { ...data, results: data.results } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requestIdOf(result: unknown): string {
  return typeof result === "object" && result !== null && "requestId" in result && typeof result.requestId === "string" ? result.requestId : "";
}
