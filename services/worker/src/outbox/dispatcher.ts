import type { OutboxEntry } from "@openticket/contract";
import { allEnded, insist, type Logger, type Metrics, messageOf, startLoop } from "@openticket/runtime";
import { deliveriesTotal } from "../fault-counters.ts";
import { type Gatherer, makeGatherer } from "./gather.ts";
import { makeRoom } from "./room.ts";

/**
 * Makes the deliveries that tickets, or replies, owe; each kind of record has a dispatcher of its own.
 *
 * The fast path: the process that wrote a record delivers right after the commit. The slow path: a relay looks for
 * records whose deliveries are overdue, because their process died, had too much in hand, or met a fault. A relay takes
 * one by moving its due time ahead, so that several relays never work on the same one.
 * Invariants: an entry is marked only after it was delivered; a crash in between delivers it again under the same name. A
 * record of which something is in hand is due for nobody else: what failed is put off only when the rest has ended as well.
 */

export interface DispatcherDeps<T extends Owing> {
  outbox: OutboxStore<T>;
  /** As much of a record as its deliveries need: hundreds are held while they wait. Unset: all of it. */
  abridge?(record: T): T;
  /** Makes one delivery; throws when it failed. */
  deliver(record: T, entry: OutboxEntry): Promise<void>;
  /** `final`: no later try will cure it. `untried`: it could not even be tried, which does not count as a try. */
  severityOf(error: unknown): "final" | "failed" | "untried";
  /** A fault that ends by itself. */
  isOutage(error: unknown): boolean;
  now(): Date;
  random(): number;
  sleep(ms: number): Promise<unknown>;
  /** How often the relay looks when nothing was due, ms; unset: {@link SWEEP_INTERVAL_MS}. */
  sweepIntervalMs?: number;
  logger: Logger;
  metrics: Metrics;
}

/** A ticket, a reply or a rejection. */
export interface Owing {
  _id: string;
  requestId: string;
  outbox?: OutboxEntry[] | undefined;
  /** Until then it is in the hand of who wrote, or leased, it. */
  dueAt?: Date | undefined;
}

export interface OutboxStore<T extends Owing> {
  markDelivered(entries: Mark[], at: Date): Promise<void>;
  /** Records with overdue entries, each now due again only after `leaseMs`, and abridged as it is read. */
  leaseDue(now: Date, leaseMs: number, limit: number, abridge?: (record: T) => T): Promise<T[]>;
  /** Notes what failed. The record is due with the first of its entries that is to be tried after `after`. */
  postpone(record: Owing, failed: Failed[], after: Date): Promise<void>;
}

interface Mark {
  identity: string;
  key: string;
  /** The record owes nothing else. */
  isOnly: boolean;
}

type Failed = { key: string; error: string; attempts: number } & ({ nextTryAt: Date } | { deadAt: Date });

export interface Dispatcher<T extends Owing> {
  /** Begins to deliver the mails and events that this new record owes. Ends when it is begun, or left to the relay; never throws. */
  opened(record: T): Promise<void>;
  /**
   * Begins to deliver the events that this record owes, whatever of it is in hand elsewhere: an event told twice at the same
   * time is told once. What fails is left to the relay, as the record's due time may be another's lease.
   */
  eventsOwed(record: T): void;
  /** The first owed entry of this record that is such was delivered by somebody else; it is marked within a moment. */
  delivered(record: Owing, isSuch: (entry: OutboxEntry) => boolean): void;
  /** Waits for deliveries in hand; nothing new is started. */
  close(): Promise<void>;
}

/**
 * Records delivered side by side on the fast path, until they are marked: so many mails, at most, go out a second time when the
 * process dies while the store takes no marks. What finds no place there is left to the relay.
 */
const FAST_PATH_RECORDS = 250;
/** Who would have to wait longer for a place there is left to the relay, ms: its request keeps others from being decided meanwhile. */
const PLACE_SOON_MS = 500;
/** Longest wait for a place, ms. The record's grace, after which the relay takes it, runs meanwhile. */
const PLACE_WAIT_MS = 2000;
/** Places that became free are given together after so long, ms: the mails of that time share their round trips. */
const PLACES_GATHER_MS = 25;
/** Longest time for a mail's turn, its pace, its sending and the mark (see the notifier), ms. */
const DELIVERY_TAKES_MS = 75_000;
/** How far back it is looked at how fast deliveries end, ms. */
const PLACES_PACE_MS = 1000;
/** Records that one sweep of the relay takes. */
const SWEEP_RECORDS = 100;
/** Mails and answers wait for it after a crash. */
const SWEEP_INTERVAL_MS = 5000;
/** How long a relay has for one record before another may take it, ms. Longer than any mail's time-outs together. */
const LEASE_MS = 120_000;
/**
 * A mark that the store refuses is tried again so often; while the store is away, until it is back. This process meanwhile makes
 * no such delivery again; the relay of another one does, when the record is due.
 */
const MARK_TRIES = 50;
const MARK_DELAY_MS = 1000;
/**
 * Marks gather for so long, ms, and so many: no request waits for them, and each write of its own would hold up the journaled
 * write of the next request. What a crash leaves unmarked is delivered again under its name. That is nothing to who asked
 * for a reply, and a second mail to people: their marks wait less.
 */
const MARKS_WAIT_MS = 5;
const OTHERS_MARKS_WAIT_MS = 25;
const MARKS_TOGETHER = 200;
const FIRST_DELAY_MS = 15_000;
const MAX_DELAY_MS = 3_600_000;
/** Tries of one delivery: with the delays above about nine hours. */
const MAX_ATTEMPTS = 16;

/** See {@link Dispatcher}; the relay starts at once. */
export function startDispatcher<T extends Owing>(given: DispatcherDeps<T>): Dispatcher<T> {
  const inHand = new Set<Promise<void>>();
  const track = (work: Promise<void>) => {
    const tracked = work.catch((err: unknown) => given.logger.warn({ err }, "outbox not updated")).finally(() => inHand.delete(tracked));
    inHand.add(tracked);
    return tracked;
  };
  const room = makeRoom({
    places: FAST_PATH_RECORDS,
    soonMs: PLACE_SOON_MS,
    waitMs: PLACE_WAIT_MS,
    gatherMs: PLACES_GATHER_MS,
    paceMs: PLACES_PACE_MS,
    elapsedMs: () => performance.now(),
  });
  const abridge = (record: T) => given.abridge?.(record) ?? record;
  let isClosing = false;
  const handOn = (marks: Mark[]) => markDelivered(marks, { ...given, isClosing: () => isClosing });
  const marks = makeGatherer({ most: MARKS_TOGETHER, waitMs: MARKS_WAIT_MS, handOn });
  const marksOfOthers = makeGatherer<Mark>({ most: MARKS_TOGETHER, waitMs: OTHERS_MARKS_WAIT_MS, handOn: (marks) => track(handOn(marks)) });
  const unmarked = new Set<string>();
  /** The relay's look for overdue records, until it has gone through them. */
  let looking: Promise<unknown> = Promise.resolve();
  const markBy = (gatherer: Gatherer<Mark>, mark: Mark) => {
    const name = nameOf(mark);
    unmarked.add(name);
    // A look under way may have read the record before it was marked.
    return gatherer.add(mark).finally(() => void looking.then(() => unmarked.delete(name)));
  };
  const deps: Delivering<T> = { ...given, mark: (mark) => markBy(marks, mark), isUnmarked: (mark) => unmarked.has(nameOf(mark)) };
  const relay = startLoop({
    round: async () => {
      const begun = beginOverdue(deps);
      looking = begun.catch(() => undefined);
      const deliveries = await begun;
      await allEnded(deliveries);
      return deliveries.length === SWEEP_RECORDS;
    },
    intervalMs: deps.sweepIntervalMs ?? SWEEP_INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "outbox sweep failed"),
  });
  return {
    async opened(record) {
      const owed = pendingOf(record).filter(({ kind }) => kind === "mail" || kind === "event");
      if (owed.length === 0 || !(await room.enter())) return;
      if (isTooLate(record, deps)) return room.leave(false);
      const delivering = deliverAll(abridge(record), owed, deps);
      track(delivering.then(room.leave));
      delivering.catch(() => room.leave(false));
    },
    eventsOwed(record) {
      const owed = pendingOf(record).filter(({ kind }) => kind === "event");
      const held = abridge(record);
      if (!isClosing) track(Promise.all(owed.map((entry) => deliverOne(held, entry, deps))).then(() => undefined));
    },
    delivered(record, isSuch) {
      const entry = pendingOf(record).find(isSuch);
      if (entry) void markBy(marksOfOthers, markOf(record, entry));
    },
    async close() {
      isClosing = true;
      room.close();
      marks.close();
      marksOfOthers.close();
      await Promise.all([relay.close(), ...inHand]);
    },
  };
}

/** Commit, answer and place took so long that the relay may take the record before its deliveries end. */
function isTooLate({ dueAt }: Owing, { now }: Pick<DispatcherDeps<Owing>, "now">): boolean {
  return dueAt !== undefined && dueAt.getTime() - now().getTime() < DELIVERY_TAKES_MS;
}

/** Begins to deliver one batch of overdue records, each of which it has gone through then. */
async function beginOverdue<T extends Owing>(deps: Delivering<T>): Promise<Promise<unknown>[]> {
  const now = deps.now();
  const overdue = await deps.outbox.leaseDue(now, LEASE_MS, SWEEP_RECORDS, deps.abridge);
  return overdue.map((record) => deliverDue(record, now, deps));
}

/** A record is due with the first of its entries. The others wait for their own times, so that none takes the tries of another. */
function deliverDue<T extends Owing>(record: T, now: Date, deps: Delivering<T>): Promise<unknown> {
  const pending = pendingOf(record);
  const owed = pending.filter(({ nextTryAt = now }) => nextTryAt <= now);
  return deliverAll(record, owed, deps, owed.length < pending.length ? now : undefined);
}

/** Whether anything was delivered. `othersAfter`: the record owes more, to be tried after that. */
async function deliverAll<T extends Owing>(record: T, owed: OutboxEntry[], deps: Delivering<T>, othersAfter?: Date): Promise<boolean> {
  const failures = (await Promise.all(owed.map((entry) => deliverOne(record, entry, deps)))).filter((failure) => failure !== undefined);
  const hasDelivered = failures.length < owed.length;
  if (failures.length === 0 && othersAfter === undefined) return hasDelivered;
  const [now, random] = [deps.now(), deps.random()];
  const failed = failures.map(({ isDead, ...failure }) => ({
    ...failure,
    ...(isDead ? { deadAt: now } : { nextTryAt: nextTryAt(failure.attempts, now, random) }),
  }));
  await deps.outbox.postpone(record, failed, othersAfter ?? now);
  return hasDelivered;
}

/** The dispatcher's own state beside what it was given. */
interface Delivering<T extends Owing> extends DispatcherDeps<T> {
  mark(mark: Mark): Promise<void>;
  /** This process has delivered it, or knows that it is, and is about to mark it, or has just done so. */
  isUnmarked(mark: Mark): boolean;
}

interface Failure {
  key: string;
  error: string;
  attempts: number;
  isDead: boolean;
}

/** Delivers and marks one entry; a failure is handed back. */
async function deliverOne<T extends Owing>(record: T, entry: OutboxEntry, deps: Delivering<T>): Promise<Failure | undefined> {
  const { key, kind } = entry;
  const mark = markOf(record, entry);
  if (deps.isUnmarked(mark)) return undefined;
  const deliveries = deliveriesTotal(deps.metrics);
  try {
    await deps.deliver(record, entry);
  } catch (error) {
    const severity = deps.severityOf(error);
    const attempts = severity === "untried" ? entry.attempts : entry.attempts + 1;
    const isDead = severity === "final" || attempts >= MAX_ATTEMPTS;
    deliveries.inc({ kind, result: isDead ? "dead" : "retry" });
    deps.logger.warn({ requestId: record.requestId, key, attempts, isDead, err: error }, "delivery failed");
    return { key, error: messageOf(error), attempts, isDead };
  }
  deliveries.inc({ kind, result: "delivered" });
  await deps.mark(mark);
  return undefined;
}

function nameOf({ identity, key }: Mark): string {
  return `${identity}\0${key}`;
}

function markOf({ _id: identity, outbox }: Owing, { key }: OutboxEntry): Mark {
  return { identity, key, isOnly: outbox?.length === 1 };
}

/** What is delivered and not marked is delivered again: while the store is away, the mark is worth waiting for. */
async function markDelivered<T extends Owing>(
  marks: Mark[],
  { outbox, isOutage, now, isClosing, sleep }: DispatcherDeps<T> & { isClosing(): boolean },
): Promise<void> {
  const at = now();
  await insist(() => outbox.markDelivered(marks, at), { tries: MARK_TRIES, delayMs: MARK_DELAY_MS, isOutage, sleep, isClosing });
}

/** With one `random` for a record: what has failed as often is tried together. */
function nextTryAt(attempts: number, now: Date, random: number): Date {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.max(attempts - 1, 0), MAX_DELAY_MS);
  return new Date(now.getTime() + delayMs * (0.75 + random / 2));
}

function pendingOf({ outbox = [] }: Owing): OutboxEntry[] {
  return outbox.filter(({ deliveredAt, deadAt }) => deliveredAt === undefined && deadAt === undefined);
}
