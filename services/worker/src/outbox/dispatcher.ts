import type { OpenTicketCommand, OutboxEntry, TicketRecord } from "@openticket/contract";
import { type Logger, type Metrics, startLoop } from "@openticket/runtime";
import { makeRoom } from "./room.ts";

/**
 * Makes the deliveries that tickets owe.
 *
 * The fast path: the process that wrote a ticket delivers right after the commit. The slow path: a relay looks for
 * tickets whose deliveries are overdue, because their process died, had too much in hand, or met a fault. A relay takes
 * a ticket by moving its due time ahead, so that several relays never work on the same one.
 * Invariants: an entry is marked only after it was delivered; a crash in between delivers it again under the same name. A
 * ticket of which something is in hand is due for nobody else: what failed is put off only when the rest has ended as well.
 */

export interface DispatcherDeps {
  outbox: OutboxStore;
  /** Makes one delivery; throws when it failed. */
  deliver(ticket: TicketRecord, entry: OutboxEntry): Promise<void>;
  /** `final`: no later try will cure it. `untried`: there was no room to try; it does not count as a try. */
  severityOf(error: unknown): "final" | "failed" | "untried";
  now(): Date;
  random(): number;
  sleep(ms: number): Promise<unknown>;
  logger: Logger;
  metrics: Metrics;
}

export interface OutboxStore {
  markDelivered(entries: { identity: string; key: string }[], at: Date): Promise<void>;
  /** Tickets with overdue entries, each now due again only after `leaseMs`. */
  leaseDue(now: Date, leaseMs: number, limit: number): Promise<TicketRecord[]>;
  postpone(identity: string, key: string, next: Postponement): Promise<void>;
}

type Postponement = { error: string; attempts: number; dueAt: Date } | { error: string; deadAt: Date };

export interface Dispatcher {
  /** Begins to deliver what this new ticket owes, except its reply. Ends when it is begun, or left to the relay; never throws. */
  opened(ticket: TicketRecord): Promise<void>;
  /** The reply to this command is delivered; another request's with the same key is not. */
  replied(ticket: TicketRecord, command: Pick<OpenTicketCommand, "requestId" | "correlationId" | "replyTo">): void;
  /** Waits for deliveries in hand; nothing new is started. */
  close(): Promise<void>;
}

/** Tickets delivered side by side on the fast path. What finds no place there is left to the relay. */
const FAST_PATH_TICKETS = 200;
const PLACE_WAIT_MS = 2000;
const STALLED_AFTER_MS = 1000;
/** Tickets that one sweep of the relay takes. */
const SWEEP_TICKETS = 100;
/** How often the relay looks when nothing was due, ms. */
const SWEEP_INTERVAL_MS = 5000;
/** How long a relay has for one ticket before another may take it, ms. Longer than any mail's time-outs together. */
const LEASE_MS = 120_000;
/** A mark that the store does not take is tried again, for as long as the relays leave the ticket alone. */
const MARK_TRIES = 50;
const MARK_DELAY_MS = 1000;
const FIRST_DELAY_MS = 15_000;
const MAX_DELAY_MS = 3_600_000;
/** Tries of one delivery: with the delays above about nine hours. */
const MAX_ATTEMPTS = 16;

/** See {@link Dispatcher}; the relay starts at once. */
export function startDispatcher(given: DispatcherDeps): Dispatcher {
  const inHand = new Set<Promise<void>>();
  const room = makeRoom({ places: FAST_PATH_TICKETS, waitMs: PLACE_WAIT_MS, stalledAfterMs: STALLED_AFTER_MS, elapsedMs: () => performance.now() });
  let isClosing = false;
  const deps: Delivering = { ...given, isClosing: () => isClosing };
  const track = (work: Promise<void>) => {
    const tracked = work.catch((err: unknown) => deps.logger.warn({ err }, "outbox not updated")).finally(() => inHand.delete(tracked));
    inHand.add(tracked);
  };
  const relay = startLoop({
    round: async () => (await sweep(deps)) === SWEEP_TICKETS,
    intervalMs: SWEEP_INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "outbox sweep failed"),
  });
  return {
    async opened(ticket) {
      const owed = pendingOf(ticket).filter(({ kind }) => kind !== "reply");
      if (owed.length === 0 || !(await room.enter())) return;
      track(deliverAll(ticket, owed, deps).finally(room.leave));
    },
    replied(ticket, { requestId, correlationId, replyTo }) {
      const isItsReply = (entry: OutboxEntry) =>
        entry.kind === "reply" && entry.queue === replyTo?.queue && entry.requestId === requestId && entry.correlationId === correlationId;
      const reply = pendingOf(ticket).find(isItsReply);
      if (reply) track(markDelivered(ticket, reply, deps));
    },
    async close() {
      isClosing = true;
      room.close();
      await Promise.all([relay.close(), ...inHand]);
    },
  };
}

/** Delivers one batch of overdue tickets; the number that was found. */
async function sweep(deps: Delivering): Promise<number> {
  const overdue = await deps.outbox.leaseDue(deps.now(), LEASE_MS, SWEEP_TICKETS);
  await Promise.all(overdue.map((ticket) => deliverAll(ticket, pendingOf(ticket), deps)));
  return overdue.length;
}

async function deliverAll(ticket: TicketRecord, owed: OutboxEntry[], deps: Delivering): Promise<void> {
  const failures = (await Promise.all(owed.map((entry) => deliverOne(ticket, entry, deps)))).filter((failure) => failure !== undefined);
  // A ticket has one due time: that of the entry that is to be tried first.
  const dueAt = new Date(Math.min(...failures.filter(({ isDead }) => !isDead).map(({ attempts }) => nextTryAt(attempts, deps))));
  for (const { key, error, attempts, isDead } of failures) {
    await deps.outbox.postpone(ticket._id, key, isDead ? { error, deadAt: deps.now() } : { error, attempts, dueAt });
  }
}

/** The dispatcher's own state beside what it was given. */
type Delivering = DispatcherDeps & { isClosing(): boolean };

interface Failure {
  key: string;
  error: string;
  attempts: number;
  isDead: boolean;
}

/** Delivers and marks one entry; a failure is handed back. */
async function deliverOne(ticket: TicketRecord, entry: OutboxEntry, deps: Delivering): Promise<Failure | undefined> {
  const { key, kind } = entry;
  const deliveries = deps.metrics.counter("deliveries_total", "Deliveries by kind and result", ["kind", "result"]);
  try {
    await deps.deliver(ticket, entry);
  } catch (error) {
    const severity = deps.severityOf(error);
    const attempts = severity === "untried" ? entry.attempts : entry.attempts + 1;
    const isDead = severity === "final" || attempts >= MAX_ATTEMPTS;
    deliveries.inc({ kind, result: isDead ? "dead" : "retry" });
    deps.logger.warn({ ticketId: ticket.id, requestId: ticket.requestId, key, attempts, isDead, err: error }, "delivery failed");
    return { key, error: error instanceof Error ? error.message : String(error), attempts, isDead };
  }
  deliveries.inc({ kind, result: "delivered" });
  await markDelivered(ticket, entry, deps);
  return undefined;
}

/** What is delivered and not marked is delivered again: while the store is away, the mark is worth waiting for. */
async function markDelivered(ticket: TicketRecord, { key }: OutboxEntry, { outbox, now, isClosing, sleep }: Delivering): Promise<void> {
  const at = now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await outbox.markDelivered([{ identity: ticket._id, key }], at);
    } catch (error) {
      if (attempt >= MARK_TRIES || isClosing()) throw error;
      await sleep(MARK_DELAY_MS);
    }
  }
}

/** ms since 1970. */
function nextTryAt(attempts: number, { now, random }: DispatcherDeps): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.max(attempts - 1, 0), MAX_DELAY_MS);
  return now().getTime() + delayMs * (0.75 + random() / 2);
}

function pendingOf(ticket: TicketRecord): OutboxEntry[] {
  return ticket.outbox.filter(({ deliveredAt, deadAt }) => deliveredAt === undefined && deadAt === undefined);
}
