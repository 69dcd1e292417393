import { type OpenTicketCommand, openTicketCommand, type Receipt, type RequestStatus } from "@openticket/contract";
import { type Logger, type Loop, type Metrics, startLoop } from "@openticket/runtime";

/**
 * Brings back what the queue has lost.
 *
 * A door that answers before the outcome is known leaves a receipt in the store. A receipt that stays undecided is looked
 * at: its request is decided (its worker died before saying so), still in the queue, or lost with Redis; then its command
 * is put into the queue again, under the same name. Jobs that BullMQ has failed without our code become dead letters.
 * Several workers may do this side by side: each receipt is leased, and the request's identity keeps it one ticket.
 */
export interface RecoveryDeps {
  receipts: {
    leaseUndecided(now: Date, leaseMs: (receipt: Receipt) => number, limit: number): Promise<Receipt[]>;
    decided(requestId: string, outcome: Receipt["outcome"]): Promise<void>;
    requeued(requestIds: readonly string[]): Promise<void>;
  };
  queue: {
    missing(requestIds: readonly string[]): Promise<Set<string>>;
    enqueue(commands: readonly OpenTicketCommand[]): Promise<void>;
  };
  outcomes(requestIds: readonly string[]): Promise<RequestStatus[]>;
  /** Makes dead letters of failed jobs; the number found. */
  buryFailed(): Promise<number>;
  now(): Date;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

const SWEEP_RECEIPTS = 200;
const SWEEP_INTERVAL_MS = 10_000;
/** A receipt is looked at again after its age, within these bounds, ms: a long backlog is not asked about all the time. */
const MIN_LEASE_MS = 20_000;
const MAX_LEASE_MS = 600_000;

/** See the head of the file. Starts at once. */
export function startRecovery(deps: RecoveryDeps): Loop {
  return startLoop({
    round: async () => (await sweep(deps)) === SWEEP_RECEIPTS,
    intervalMs: SWEEP_INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "recovery sweep failed"),
  });
}

/** One look at what is due; the number of receipts found. */
export async function sweep(deps: RecoveryDeps): Promise<number> {
  // What cannot be buried now is no reason to leave lost requests where they are.
  await deps.buryFailed().catch((err: unknown) => deps.logger.error({ err }, "failed jobs not made dead letters"));
  const now = deps.now();
  const due = await deps.receipts.leaseUndecided(now, (receipt) => leaseOf(receipt, now), SWEEP_RECEIPTS);
  if (due.length === 0) return 0;
  const statuses = await deps.outcomes(due.map(({ _id }) => _id));
  const looked = due.map((receipt, index) => ({ receipt, outcome: outcomeIn(statuses[index]) }));
  await Promise.all(looked.map(({ receipt, outcome }) => outcome && deps.receipts.decided(receipt._id, outcome)));
  const open = looked.filter(({ outcome }) => outcome === undefined).map(({ receipt }) => receipt);
  if (open.length > 0) await requeueLost(open, deps);
  return due.length;
}

async function requeueLost(open: readonly Receipt[], { receipts, queue, metrics, logger }: RecoveryDeps): Promise<void> {
  const missing = await queue.missing(open.map(({ _id }) => _id));
  const lost = open.filter(({ _id }) => missing.has(_id));
  if (lost.length === 0) return;
  await queue.enqueue(lost.flatMap((receipt) => commandIn(receipt, logger)));
  await receipts.requeued(lost.map(({ _id }) => _id));
  metrics.counter("requests_requeued_total", "Accepted requests that the queue had lost and that were put into it again").inc(lost.length);
  logger.warn({ requests: lost.length }, "lost requests enqueued again");
}

function commandIn({ _id, commandJson }: Receipt, logger: Logger): OpenTicketCommand[] {
  const parsed = openTicketCommand.safeParse(commandJson === undefined ? undefined : JSON.parse(commandJson));
  if (!parsed.success) logger.error({ requestId: _id, err: parsed.error }, "receipt without a readable command");
  return parsed.success ? [parsed.data] : [];
}

const OUTCOMES: Record<RequestStatus["state"], Receipt["outcome"]> = {
  done: "ticket",
  rejected: "rejection",
  failed: "dead-letter",
  queued: undefined,
  working: undefined,
  unknown: undefined,
};

function outcomeIn(status: RequestStatus | undefined): Receipt["outcome"] {
  return status && OUTCOMES[status.state];
}

function leaseOf({ acceptedAt }: Receipt, now: Date): number {
  return Math.min(Math.max(now.getTime() - acceptedAt.getTime(), MIN_LEASE_MS), MAX_LEASE_MS);
}
