import { randomBytes } from "node:crypto";
import type { Queue } from "bullmq";
import { ANYWHERE, idsIn } from "./job-ids.ts";
import { type JobKeys, jobStates } from "./job-states.ts";
import { houseKey } from "./reply-owners.ts";

/**
 * Where the job of a request is.
 *
 * A job is named by its request, with three exceptions: a caller that waits for the outcome of a request with a key, and a
 * dead letter that runs again, travel under names of their own, because BullMQ drops a job whose name it knows; and so does
 * a foreign request whose name BullMQ refuses. Where such a job is to be found stands beside the queue.
 */
export interface JobPlaces extends JobKeys {
  prefix: string;
}

/** How long it is remembered under which name a request travels, ms: longer than a backlog lasts. */
const POINTER_TTL_MS = 86_400_000;
/** While somebody waits, it is remembered for so much longer than the wait, ms: until then it is noted anew. */
const POINTER_MARGIN_MS = 60_000;

/** BullMQ numbers jobs that have no name, and parts its keys by colons. */
const NO_JOB_NAME = /^-?\d+$|:/;
const AGAIN = "again_";
/** Random bytes in the name of a job that runs again. */
const AGAIN_BYTES = 16;

const pointerKey = (prefix: string, requestId: string): string => houseKey(prefix, `job-of:${requestId}`);

/** A job under a name of its own, and the fingerprint of what it asks for. */
export interface Pointer {
  jobId: string;
  /** None while somebody waits for it. */
  fingerprint?: string | undefined;
}

/** Remembers under which name the request travels, and what it asks for; `waitMs`: how long somebody waits for it. */
export async function leavePointer(
  { connection, prefix }: Omit<JobPlaces, "queue">,
  requestId: string,
  { jobId, fingerprint }: Pointer,
  waitMs = POINTER_TTL_MS,
): Promise<void> {
  const ttlMs = Math.min(Math.ceil(waitMs) + POINTER_MARGIN_MS, POINTER_TTL_MS);
  await connection.set(pointerKey(prefix, requestId), fingerprint === undefined ? jobId : `${jobId} ${fingerprint}`, "PX", ttlMs);
}

/** Another name under which the request travels; undefined when none is known. */
export async function pointerOf({ connection, prefix }: Omit<JobPlaces, "queue">, requestId: string): Promise<Pointer | undefined> {
  const [jobId, fingerprint] = (await connection.get(pointerKey(prefix, requestId)))?.split(" ") ?? [];
  return jobId === undefined ? undefined : { jobId, fingerprint };
}

/** The names for jobs of these requests, in their order: each its own, or a new one where no job can have that, or one has it that is kept although it is done. */
export async function jobNamesOf(places: JobPlaces, requestIds: readonly string[]): Promise<string[]> {
  const states = await jobStates(places, requestIds);
  const isNoName = (requestId: string, index: number) => NO_JOB_NAME.test(requestId) || states[index] === "completed";
  return Promise.all(requestIds.map((requestId, index) => (isNoName(requestId, index) ? newJobName(places, requestId) : requestId)));
}

/** A job under a new name of its own: beside it there may be another of its request, or an operator who drops that. */
export function isNewJobName(jobId: string): boolean {
  return jobId.startsWith(AGAIN);
}

/** A new name for a job of that request, by which it is found from now on. */
export async function newJobName(places: Omit<JobPlaces, "queue">, requestId: string): Promise<string> {
  const jobId = `${AGAIN}${randomBytes(AGAIN_BYTES).toString("hex")}`;
  await leavePointer(places, requestId, { jobId });
  return jobId;
}

/** Requests that are asked about together: each of their commands has the time-out of one, from the moment that all are sent. */
const TOGETHER = 500;

/** Those of these requests of which the queue holds no job, under any of their names, but one that is done. */
export async function missingRequests(places: JobPlaces, requestIds: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let start = 0; start < requestIds.length; start += TOGETHER) {
    missing.push(...(await missingOf(requestIds.slice(start, start + TOGETHER), places)));
  }
  return missing;
}

async function missingOf(requestIds: readonly string[], places: JobPlaces): Promise<string[]> {
  const own = await jobsToRun(requestIds, places);
  const unseen = requestIds.filter((requestId) => !own.has(requestId));
  const pointers = await Promise.all(unseen.map((requestId) => pointerOf(places, requestId)));
  const pointed = await jobsToRun(
    pointers.flatMap((pointer) => pointer?.jobId ?? []),
    places,
  );
  return unseen.filter((_requestId, index) => !pointed.has(pointers[index]?.jobId ?? ""));
}

/**
 * Those of these requests of which no job, under any of their names, stands anywhere in the queue, so that no worker takes one: there
 * may still be its hash, by which it seems to wait. Looks through the ids of the whole queue, once for all of them.
 */
export async function strandedRequests(places: JobPlaces & { queue: Queue }, requestIds: readonly string[]): Promise<string[]> {
  if (requestIds.length === 0) return [];
  const placed = await idsIn(places.queue, ANYWHERE);
  const stranded: string[] = [];
  for (const requestId of requestIds) {
    const isPlaced = placed.has(requestId) || placed.has((await pointerOf(places, requestId))?.jobId ?? "");
    if (!isPlaced) stranded.push(requestId);
  }
  return stranded;
}

/** Those of these jobs that are to run, or do. One that has failed is yet to become a dead letter. */
async function jobsToRun(jobIds: readonly string[], places: JobPlaces): Promise<Set<string>> {
  const states = await jobStates(places, jobIds);
  return new Set(jobIds.filter((_jobId, index) => states[index] !== "unknown" && states[index] !== "completed"));
}
