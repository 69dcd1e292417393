import { REPLY_JOB, REQUEST_STATUS_JOB } from "@openticket/contract";
import type { Queue } from "bullmq";
import { ANYWHERE, idPages, idsIn } from "./job-ids.ts";
import type { RedisConnection } from "./redis.ts";

/**
 * Which jobs of a queue are messages of ours.
 *
 * Problem: a requester may have its replies put where jobs of its own wait as well, and those are not ours to clear away.
 * Choice: what is removed has the name and the kind of id that we give; the ids are looked at first, because they are
 * short. Rejected: BullMQ's `clean`, which asks for an age and nothing else.
 * Invariant: a job of somebody else stays, however long its queue is; and what is taken out of a message leaves the rest of it.
 */

interface Kind {
  ids: RegExp;
  /** The field with what it says of requests, one after the other. */
  list: string;
}

/** By the name of the job. The id of an answer is its question's: see the contract's `statusQuestion`. */
const OURS: ReadonlyMap<string, Kind> = new Map([
  [REPLY_JOB, { ids: /^reply_[0-9a-f]{32}$/, list: "results" }],
  [REQUEST_STATUS_JOB, { ids: /-answer$/, list: "statuses" }],
]);

/** Jobs of one queue that one look is at: what stands behind as many of somebody else's is not found. */
const MAX_LOOKED_AT = 100_000;
/** Jobs that are asked about, and removed, side by side. */
const AT_ONCE = 500;

/** Ids in one state that are of the kind of ours, the oldest first where they wait or have failed. */
export async function idsLikeOurs(queue: Queue, state: "wait" | "delayed" | "failed"): Promise<string[]> {
  const found: string[] = [];
  for await (const ids of idPages(queue, state, { isOldestFirst: true, most: MAX_LOOKED_AT })) {
    found.push(...likeOurs(ids));
  }
  return found;
}

function likeOurs(ids: readonly string[]): string[] {
  return ids.filter((id) => [...OURS.values()].some((kind) => kind.ids.test(id)));
}

/** Undefined for a job of somebody else. */
function ourKind(name: string | null | undefined, id: string): Kind | undefined {
  const kind = OURS.get(name ?? "");
  return kind?.ids.test(id) ? kind : undefined;
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
  return ourKind(name, id) && Number(madeAtMs) <= beforeMs && (await remove(queue, id)) ? 1 : 0;
}

/**
 * Takes what is about these requests out of our messages in the queue; one that is about no other goes. One that a reader has in
 * hand may come back to it, and holds nothing of them then. The number of results and statuses.
 */
export async function takeOutResults(queue: Queue, requestIds: ReadonlySet<string>, { connection }: { connection: RedisConnection }): Promise<number> {
  const ids = likeOurs([...(await idsIn(queue, ANYWHERE))]);
  return sumOf(ids, (id) => takeOutOf(queue, id, requestIds, connection));
}

async function takeOutOf(queue: Queue, id: string, requestIds: ReadonlySet<string>, connection: RedisConnection): Promise<number> {
  const [name, dataJson] = await connection.hmget(queue.toKey(id), "name", "data");
  const kind = ourKind(name, id);
  if (!kind) return 0;
  const message = objectOf(dataJson ?? "");
  const all = message[kind.list];
  if (!Array.isArray(all)) return 0;
  const others = all.filter((one) => !requestIds.has(requestIdOf(one)));
  const found = all.length - others.length;
  if (found === 0) return 0;
  const isGone = others.length === 0 && (await remove(queue, id));
  return isGone || (await replaceData(queue, id, { ...message, [kind.list]: others })) ? found : 0;
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

/** Anybody may have put it there: an empty one for what is none. */
function objectOf(json: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === "object" && data !== null ? { ...data } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function requestIdOf(one: unknown): string {
  return typeof one === "object" && one !== null && "requestId" in one && typeof one.requestId === "string" ? one.requestId : "";
}
