import { COMMAND_QUEUE, OPEN_TICKET_JOB } from "@openticket/contract";
import { type Job, Queue } from "bullmq";
import { JOB_OPTIONS } from "./bounded-queue.ts";
import { missingRequests, newJobName, pointerOf, strandedRequests } from "./job-lookup.ts";
import { takeOutResults } from "./our-messages.ts";
import { type RedisConnection, serversOf } from "./redis.ts";
import { infoField } from "./redis-info.ts";
import { removeMatching } from "./remove-matching.ts";
import { closedKey, foreignKey, ownersKey } from "./reply-owners.ts";

/** The command queue as an operator sees it. */
export interface OperatorQueue {
  counts(): Promise<QueueCounts>;
  /** Redis itself, of a cluster all primaries together: memory, version. */
  server(): Promise<{ version: string; usedMemoryBytes: number; maxMemoryBytes: number }>;
  /** State, tries and times of the request's job; undefined when the queue has none. */
  job(requestId: string): Promise<JobView | undefined>;
  /** Those of these requests of which the queue holds no job but one that is done. */
  missing(requestIds: readonly string[]): Promise<string[]>;
  /** Those of these requests of which no job can be taken, whatever is left of it in Redis. Looks through the whole queue. */
  stranded(requestIds: readonly string[]): Promise<string[]>;
  /**
   * Puts the command of a request into the queue, under a name of its own: a job of the request's name may still be known,
   * and a foreign request's name may be none that a job can have.
   */
  enqueueAgain(requestId: string, jobName: string, data: unknown): Promise<void>;
  /** Takes out every job, in whatever state but active, whose data `matches`; the numbers taken out and in a worker's hand. */
  removeMatching(matches: (data: unknown) => boolean): Promise<{ removed: number; active: number }>;
  /** Takes results and statuses of these requests out of all reply queues; their number. Those of others stay. */
  removeReplies(requestIds: ReadonlySet<string>): Promise<number>;
  /** Closes all doors, or opens them again. */
  setClosed(isClosed: boolean): Promise<void>;
  isClosed(): Promise<boolean>;
  close(): Promise<void>;
}

export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  /** When the job that has waited longest came. */
  oldestWaitingAt: Date | undefined;
  workers: number;
}

export interface JobView {
  state: string;
  attempts: number;
  stalls: number;
  createdAt: Date;
  takenAt: Date | undefined;
  failedReason: string | undefined;
}

/** See {@link OperatorQueue}. */
export function makeOperatorQueue({ connection, prefix }: { connection: RedisConnection; prefix: string }): OperatorQueue {
  const queue = new Queue(COMMAND_QUEUE, { connection, prefix, skipVersionCheck: true, skipMetasUpdate: true });
  queue.on("error", () => undefined);
  const places = { queue, connection, prefix };

  async function counts(): Promise<QueueCounts> {
    const [{ waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 }, [oldest], workers] = await Promise.all([
      queue.getJobCounts("waiting", "prioritized", "active", "delayed", "failed"),
      queue.getJobs(["waiting"], 0, 0, true),
      countWorkers(queue).catch(() => 0),
    ]);
    return { waiting: waiting + prioritized, active, delayed, failed, oldestWaitingAt: oldest && dateOf(oldest.timestamp), workers };
  }

  async function server() {
    const infos = await Promise.all(serversOf(connection).map((one) => one.info()));
    const fields = (name: string) => infos.map((info) => infoField(info, name) ?? "");
    const sum = (values: string[]) => values.reduce((total, value) => total + Number(value), 0);
    return {
      version: fields("valkey_version").find(Boolean) ?? fields("redis_version")[0] ?? "",
      usedMemoryBytes: sum(fields("used_memory")),
      maxMemoryBytes: sum(fields("maxmemory")),
    };
  }

  async function removeReplies(requestIds: ReadonlySet<string>): Promise<number> {
    const names = (await Promise.all([ownersKey(prefix), foreignKey(prefix)].map((key) => connection.zrange(key, "0", "-1")))).flat();
    let removed = 0;
    for (const name of names) {
      const replies = new Queue(name, { connection, prefix, skipVersionCheck: true, skipMetasUpdate: true });
      replies.on("error", () => undefined);
      removed += await takeOutResults(replies, requestIds, { connection });
      await replies.close();
    }
    return removed;
  }

  return {
    counts,
    server,
    async job(requestId) {
      const [own, pointer] = [await queue.getJob(requestId), await pointerOf(places, requestId)];
      return viewOf(own ?? (pointer === undefined ? undefined : await queue.getJob(pointer.jobId)));
    },
    missing: (requestIds) => missingRequests(places, requestIds),
    stranded: (requestIds) => strandedRequests(places, requestIds),
    async enqueueAgain(requestId, jobName, data) {
      const jobId = await newJobName(places, requestId);
      await queue.add(jobName || OPEN_TICKET_JOB, data, { ...JOB_OPTIONS, jobId });
    },
    removeMatching: (matches) => removeMatching(queue, matches),
    removeReplies,
    async setClosed(isClosed) {
      if (isClosed) await connection.set(closedKey(prefix), new Date().toISOString());
      else await connection.del(closedKey(prefix));
    },
    isClosed: async () => (await connection.exists(closedKey(prefix))) === 1,
    close: () => queue.close(),
  };
}

/** Connections of one worker have one name; those without a name are of workers that have one connection. */
async function countWorkers(queue: Queue): Promise<number> {
  const names = (await queue.getWorkers()).map(({ rawname }) => rawname ?? "");
  const named = names.filter((name) => name.includes(NAMED));
  return new Set(named).size + names.length - named.length;
}

/** What BullMQ puts before a worker's name in the name of its connection. */
const NAMED = ":w:";

async function viewOf(job: Job | undefined): Promise<JobView | undefined> {
  if (!job) return undefined;
  const { attemptsStarted, stalledCounter, timestamp, processedOn, failedReason } = job;
  return {
    state: await job.getState(),
    attempts: attemptsStarted,
    stalls: stalledCounter,
    createdAt: dateOf(timestamp),
    takenAt: processedOn === undefined ? undefined : new Date(processedOn),
    failedReason: failedReason || undefined,
  };
}

/** 1970 where a producer gave a time that is none. */
function dateOf(timestamp: number): Date {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}
