import type { RequestStatus } from "@openticket/contract";
import { type Logger, type Loop, type Metrics, startLoop } from "@openticket/runtime";
import { requeuedTotal } from "../fault-counters.ts";

/**
 * Brings back what the queue has lost.
 *
 * What was accepted before its outcome was known stands in the store: a receipt of a request, or a message that came in.
 * One that stays undecided is looked at: its request is decided (its worker died before saying so), still in the queue, or
 * lost with Redis; then its job is put into the queue again, under the same name. Jobs that BullMQ has failed without our
 * code become dead letters. Several workers may do this side by side: each item is leased, and the request's identity keeps
 * it one ticket.
 */
export interface RecoveryDeps {
  sources: readonly RecoverySource[];
  queue: {
    missing(requestIds: readonly string[]): Promise<Set<string>>;
    enqueue(jobs: readonly LostJob[]): Promise<void>;
  };
  outcomes(requestIds: readonly string[]): Promise<RequestStatus[]>;
  /** Makes dead letters of failed jobs; the number found. */
  buryFailed(): Promise<number>;
  now(): Date;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

/** One kind of what is accepted early. */
export interface RecoverySource {
  /** For the log. */
  name: string;
  /** What is due for a look, each due again only after its lease, which grows with the time since it was accepted. */
  lease(now: Date, leaseMs: (since: Date) => number, limit: number): Promise<OpenRequest[]>;
  /** Notes an outcome that is there already; false when the job has to run for it. */
  settle(request: OpenRequest, outcome: RequestStatus): Promise<boolean>;
  /** Notes that jobs were put into the queue again. */
  requeued(requestIds: readonly string[]): Promise<void>;
}

export interface OpenRequest {
  requestId: string;
  /** Undefined when it cannot be read any more. */
  job: LostJob | undefined;
}

/** A job, by the name of its request. */
export interface LostJob {
  name: string;
  id: string;
  data: unknown;
}

const SWEEP_ITEMS = 200;
const SWEEP_INTERVAL_MS = 10_000;
/** An item is looked at again after its age, within these bounds, ms: a long backlog is not asked about all the time. */
const MIN_LEASE_MS = 20_000;
const MAX_LEASE_MS = 600_000;

/** See the head of the file. Starts at once. */
export function startRecovery(deps: RecoveryDeps): Loop {
  return startLoop({
    round: async () => (await sweep(deps)) >= SWEEP_ITEMS,
    intervalMs: SWEEP_INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "recovery sweep failed"),
  });
}

/** One look at what is due; the number of items found, of the source that has most. One that fails keeps no other from its look. */
export async function sweep(deps: RecoveryDeps): Promise<number> {
  // What cannot be buried now is no reason to leave lost requests where they are.
  await deps.buryFailed().catch((err: unknown) => deps.logger.error({ err }, "failed jobs not made dead letters"));
  let most = 0;
  for (const source of deps.sources) most = Math.max(most, await sweepOrReport(source, deps));
  return most;
}

async function sweepOrReport(source: RecoverySource, deps: RecoveryDeps): Promise<number> {
  try {
    return await sweepSource(source, deps);
  } catch (err) {
    deps.logger.warn({ err, source: source.name }, "recovery sweep failed");
    return 0;
  }
}

async function sweepSource(source: RecoverySource, deps: RecoveryDeps): Promise<number> {
  const now = deps.now();
  const due = await source.lease(now, (since) => leaseOf(since, now), SWEEP_ITEMS);
  if (due.length === 0) return 0;
  const outcomes = await deps.outcomes(due.map(({ requestId }) => requestId));
  const isSettled = await Promise.all(due.map((request, index) => settle(request, outcomes[index], source)));
  const open = due.filter((_, index) => !isSettled[index]);
  if (open.length > 0) await requeueLost(open, source, deps);
  return due.length;
}

function settle(request: OpenRequest, outcome: RequestStatus | undefined, source: RecoverySource): Promise<boolean> {
  const isDecided = outcome !== undefined && ["done", "rejected", "failed"].includes(outcome.state);
  return isDecided ? source.settle(request, outcome) : Promise.resolve(false);
}

async function requeueLost(open: readonly OpenRequest[], source: RecoverySource, { queue, metrics, logger }: RecoveryDeps): Promise<void> {
  const missing = await queue.missing(open.map(({ requestId }) => requestId));
  const lost = open.filter(({ requestId }) => missing.has(requestId));
  for (const { requestId, job } of lost) if (!job) logger.error({ requestId, source: source.name }, "accepted, and not readable any more");
  const readable = lost.filter(({ job }) => job !== undefined);
  if (readable.length === 0) return;
  await queue.enqueue(readable.flatMap(({ job }) => job ?? []));
  await source.requeued(readable.map(({ requestId }) => requestId));
  requeuedTotal(metrics).inc(readable.length);
  logger.warn({ requests: readable.length, source: source.name }, "lost requests enqueued again");
}

function leaseOf(since: Date, now: Date): number {
  return Math.min(Math.max(now.getTime() - since.getTime(), MIN_LEASE_MS), MAX_LEASE_MS);
}
