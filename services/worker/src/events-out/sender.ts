import type { CallTry, WebhookCallRecord, WebhookEndpoint } from "@openticket/contract";
import { insist, type Logger, type Metrics, messageOf, startLoop } from "@openticket/runtime";
import { delayAfter } from "@openticket/webhooks";
import { eventCallsTotal } from "../fault-counters.ts";
import { type Breaker, makeBreaker } from "./breaker.ts";
import { type MadeCall, type MakeCallDeps, makeOneCall } from "./make-call.ts";
import { makePlaces, type Places } from "./places.ts";

/**
 * Sends the calls that are owed to endpoints.
 *
 * Each endpoint has a lane of its own: it takes what is due for this endpoint, as much as it has places, and takes more when
 * one ends. No lane waits for another, and none takes a call that it cannot send at once. Workers share the calls by leases:
 * a call is sent again by another one only when its lease has run out, which is longer than any try takes. So each call
 * is sent at least once, and twice when a worker dies between the answer and the note of it; its `webhook-id` tells.
 */

export interface SenderDeps extends MakeCallDeps {
  active(): readonly WebhookEndpoint[];
  /** All endpoints, asked now. */
  all(): Promise<WebhookEndpoint[]>;
  calls: Calls;
  /** Notes that an endpoint wants no calls any more. */
  disable(name: string, why: { at: Date; reason: string; since: Date }): Promise<boolean>;
  /** The endpoints have changed. */
  refresh(): Promise<void>;
  maxInFlight: number;
  /** How long calls that have ended are kept, ms. */
  retentionMs: number;
  random(): number;
  sleep(ms: number): Promise<unknown>;
  logger: Logger;
  metrics: Metrics;
}

type LeasedCall = WebhookCallRecord & { leasedBy: string };
type AfterTry = { state: "delivered" | "failed"; at: Date; keptUntil: Date } | { state: "pending"; attempts: number; dueAt: Date };

interface Calls {
  leaseDue(endpoint: string, now: Date, leaseMs: number, limit: number): Promise<LeasedCall[]>;
  tried(call: LeasedCall, made: CallTry, next: AfterTry): Promise<void>;
  giveUpEnded(now: Date, keptUntil: Date): Promise<number>;
  forgetOthers(endpoints: readonly string[], olderThan: Date): Promise<number>;
}

export interface Sender {
  /** Calls to that endpoint are due: they need not wait for the next look. */
  wake(endpoint: string): void;
  /** Takes nothing more, and waits for the calls in flight. */
  close(): Promise<void>;
}

/** How often each lane looks by itself, ms. */
const LOOK_MS = 1000;
/** How often it is looked for calls that have ended, or whose endpoint was removed, ms. */
const TIDY_MS = 60_000;
/** Longer than the longest time limit of an endpoint with the notes around it, ms. */
const LEASE_MS = 90_000;
/** A note that the store does not take is tried again so often: otherwise the call is made again, or others to an endpoint that is gone. */
const NOTE_TRIES = 20;
const NOTE_DELAY_MS = 1000;
/** After trouble of our own, such as a secret that cannot be opened, ms. */
const OWN_TROUBLE_MS = 60_000;

interface Lane {
  breaker: Breaker;
  /** States of the endpoint that have answered 410, by their times of change: such a one is called no more. */
  gone: Set<number>;
  isTaking: boolean;
  /** It was woken while it was taking. */
  mustLookAgain: boolean;
}

interface Sending extends SenderDeps {
  places: Places;
  lanes: Map<string, Lane>;
  inFlight: Set<Promise<void>>;
  isClosing(): boolean;
}

/** See the head of the file; the first look is at once. */
export function startSender(given: SenderDeps): Sender {
  let isClosing = false;
  const places = makePlaces({ shared: given.maxInFlight });
  const deps: Sending = { ...given, places, lanes: new Map(), inFlight: new Set(), isClosing: () => isClosing };
  const { random, logger } = deps;
  deps.metrics.gauge("event_calls_in_flight", "Calls to endpoints that wait for their answers", places.total);
  const looking = startLoop({
    round: async () => {
      for (const { _id: name } of deps.active()) void takeDue(name, deps);
      return false;
    },
    intervalMs: LOOK_MS,
    random,
    onFault: (err) => logger.warn({ err }, "calls not looked for"),
  });
  const tidying = startLoop({
    round: () => tidy(deps),
    intervalMs: TIDY_MS,
    random,
    onFault: (err) => logger.warn({ err }, "calls not tidied"),
  });
  return {
    wake: (name) => void takeDue(name, deps),
    async close() {
      isClosing = true;
      await Promise.all([looking.close(), tidying.close()]);
      while (deps.inFlight.size > 0) await Promise.all(deps.inFlight);
    },
  };
}

/** Gives up what has ended, and removes what a worker has owed to an endpoint after its removal. */
async function tidy({ calls, all, now, retentionMs, logger }: Sending): Promise<false> {
  const at = now();
  const names = (await all()).map(({ _id }) => _id);
  // What is younger may be of an endpoint that was added after they were asked for.
  await calls.forgetOthers(names, new Date(at.getTime() - TIDY_MS));
  const count = await calls.giveUpEnded(at, new Date(at.getTime() + retentionMs));
  if (count > 0) logger.warn({ calls: count }, "calls given up: their time has ended");
  return false;
}

/** Takes and starts what is due for an endpoint, as far as it has places. Never throws. */
async function takeDue(name: string, deps: Sending): Promise<void> {
  const lane = laneOf(name, deps);
  if (lane.isTaking) {
    lane.mustLookAgain = true;
    return;
  }
  lane.isTaking = true;
  const taking = takeAndStart(name, lane, deps)
    .catch((err: unknown) => deps.logger.warn({ endpoint: name, err }, "calls not taken"))
    .finally(() => {
      lane.isTaking = false;
      deps.inFlight.delete(taking);
    });
  deps.inFlight.add(taking);
  await taking;
  if (!lane.mustLookAgain) return;
  lane.mustLookAgain = false;
  void takeDue(name, deps);
}

/** By what the endpoint is now: it may have been changed or stopped since the last call was started, and while these are taken. */
async function takeAndStart(name: string, lane: Lane, deps: Sending): Promise<void> {
  const { places, calls, now } = deps;
  const endpoint = callable(name, lane, deps);
  if (!endpoint || deps.isClosing()) return;
  const allowed = lane.breaker.allows();
  if (allowed === "none") return;
  const taken = places.take(name, { most: allowed === "one" ? 1 : endpoint.maxInFlight });
  if (taken === 0) return;
  let used = 0;
  try {
    const leased = await calls.leaseDue(name, now(), LEASE_MS, taken);
    const current = callable(name, lane, deps);
    // What was taken for one that gets no calls any more is due again, without a try, when its lease ends.
    if (!current) return;
    used = leased.length;
    for (const call of leased) start(call, current, lane, deps);
  } finally {
    places.leave(name, taken - used);
  }
}

/** The endpoint as it is now; undefined when it gets no calls. */
function callable(name: string, { gone }: Lane, { active }: Sending): WebhookEndpoint | undefined {
  return active().find(({ _id, updatedAt }) => _id === name && !gone.has(updatedAt.getTime()));
}

function start(call: LeasedCall, endpoint: WebhookEndpoint, lane: Lane, deps: Sending): void {
  const sending = sendOne(call, endpoint, lane, deps)
    .catch((err: unknown) => deps.logger.warn({ endpoint: endpoint._id, callId: call._id, err }, "what became of a call was not noted"))
    .finally(() => {
      deps.places.leave(endpoint._id, 1);
      deps.inFlight.delete(sending);
      // A place is free.
      void takeDue(endpoint._id, deps);
    });
  deps.inFlight.add(sending);
}

async function sendOne(call: LeasedCall, endpoint: WebhookEndpoint, lane: Lane, deps: Sending): Promise<void> {
  const { metrics, logger } = deps;
  const outcome = await makeOneCall(call, endpoint, deps).catch((error: unknown) => postponeForUs(call, error, lane, deps));
  if (!outcome) return;
  const { made, result, requestedMs } = outcome;
  noteHealth(lane, outcome);
  const next = afterTry(call, outcome, deps);
  const told = next.state === "pending" ? "retry" : next.state;
  eventCallsTotal(metrics).inc({ endpoint: endpoint._id, result: told });
  metrics.seconds("event_call_seconds", "How long endpoints take to answer", ["endpoint"]).observe({ endpoint: endpoint._id }, made.tookMs / 1000);
  if (result !== "delivered") {
    logger.warn({ endpoint: endpoint._id, callId: call._id, attempts: call.attempts + 1, status: made.status, requestedMs, next: told }, "call failed");
  }
  // Neither waits for the other: the store may take only one of them.
  const stopping = result === "gone" ? stopCalls(endpoint, lane, deps) : undefined;
  await noteTry(call, made, next, deps).finally(() => stopping);
}

/** Our own trouble is no try: the call waits, and everybody sees why. */
async function postponeForUs(call: LeasedCall, error: unknown, { breaker }: Lane, deps: Sending): Promise<undefined> {
  const text = messageOf(error);
  deps.logger.error({ endpoint: call.endpoint, callId: call._id, err: error }, "call not made");
  // The others are left to the workers that have no such trouble.
  breaker.pause(OWN_TROUBLE_MS);
  const dueAt = new Date(deps.now().getTime() + OWN_TROUBLE_MS);
  await noteTry(call, { at: deps.now(), tookMs: 0, error: `not sent: ${text}` }, { state: "pending", attempts: call.attempts, dueAt }, deps);
}

function noteHealth({ breaker }: Lane, { result, requestedMs }: MadeCall): void {
  if (result === "unanswered") breaker.failed();
  else breaker.answered();
  if (result === "unanswered" && requestedMs !== undefined) breaker.pause(requestedMs);
}

function afterTry(call: LeasedCall, { result, requestedMs }: MadeCall, { now, random, retentionMs }: Sending): AfterTry {
  const at = now();
  const keptUntil = new Date(at.getTime() + retentionMs);
  if (result === "delivered") return { state: "delivered", at, keptUntil };
  const attempts = call.attempts + 1;
  const delayMs = result === "gone" ? undefined : delayAfter(attempts, { random, requestedMs });
  return delayMs === undefined ? { state: "failed", at, keptUntil } : { state: "pending", attempts, dueAt: new Date(at.getTime() + delayMs) };
}

async function noteTry(call: LeasedCall, made: CallTry, next: AfterTry, deps: Sending): Promise<void> {
  await insistent(() => deps.calls.tried(call, made, next), deps);
}

/** For this worker at once, for all when the store has it. Never throws: one that could not be stopped is called, and answers so, again. */
async function stopCalls({ _id: endpoint, updatedAt: since }: WebhookEndpoint, { gone }: Lane, deps: Sending): Promise<void> {
  const { disable, refresh, now, logger } = deps;
  gone.add(since.getTime());
  try {
    const isStopped = await insistent(() => disable(endpoint, { at: now(), reason: "it answered 410 Gone", since }), deps);
    if (isStopped) logger.warn({ endpoint }, "endpoint disabled: it answered 410 Gone");
  } catch (err) {
    gone.delete(since.getTime());
    logger.warn({ endpoint, err }, "endpoint not disabled, though it answered 410 Gone");
  }
  await refresh().catch((err: unknown) => logger.warn({ err }, "endpoints not read"));
}

function insistent<T>(work: () => Promise<T>, { sleep, isClosing }: Sending): Promise<T> {
  return insist(work, { tries: NOTE_TRIES, delayMs: NOTE_DELAY_MS, sleep, isClosing });
}

function laneOf(name: string, { lanes, nowMs }: Sending): Lane {
  const known = lanes.get(name);
  if (known) return known;
  const made: Lane = { breaker: makeBreaker({ nowMs }), gone: new Set(), isTaking: false, mustLookAgain: false };
  lanes.set(name, made);
  return made;
}
