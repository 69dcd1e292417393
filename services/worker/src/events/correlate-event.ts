import { type Decision, type EventBelonging, type EventCorrelation, type StandingTicket, statusEntry, type TicketEvent } from "@openticket/contract";
import { inTheNameOf, summaryOf } from "./command-of-event.ts";
import type { EventInHand } from "./event-in-hand.ts";
import { openedBy, refused } from "./open-alone.ts";
import type { DecidedEvent, EventClaim, EventDeps, EventOutcome, HeardOf, StatusChange } from "./ports.ts";

/**
 * Folds events about the same thing into one ticket.
 *
 * Problem: hundreds of events about one thing come at once, on several workers, each of which may die at any place; and one
 * that says it is over may be decided before the one that says it began. Choice: events of one key belong to one request, that
 * of the first of them, and whoever comes first opens its ticket in that request's name: the guard is the unique index on
 * requests, as it is for every ticket. What an event belongs to is settled on its record before anything is opened. The count
 * is that of records with the ticket's id: never incremented, so never wrong. The ticket's status follows what happened last,
 * whatever came last.
 * Invariant: whatever order the events are decided in, and however often, there is one ticket, and each event counts once.
 */
export interface CorrelatedEvent extends EventInHand {
  /** Name of its source. */
  source: string;
  key: string;
  /** When it happened, at the latest when it came in. */
  at: Date;
  isResolved: boolean;
  correlation: EventCorrelation;
}

/** Times that it may begin anew because another event was quicker; then the job does, after a while. */
const MAX_ROUNDS = 5;
const CLOSED = "Closed";

/** See {@link CorrelatedEvent}. */
export async function correlateEvent(event: CorrelatedEvent, deps: EventDeps): Promise<DecidedEvent> {
  let settled = event.record.correlation;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const tried = await tryOnce(event, settled, deps);
    if (tried.kind === "decided") return tried;
    settled = tried.settled;
  }
  throw new EventsCrossed(`the events of ${event.source} that are about the same thing crossed ${MAX_ROUNDS} times`);
}

/** Others changed what this event belongs to as often as it looked: a later try finds it at rest. */
export class EventsCrossed extends Error {
  override name = "EventsCrossed";
}

/** `again`: another event was quicker, and this one is to begin anew; `settled`: with that. */
type Tried = ({ kind: "decided" } & DecidedEvent) | { kind: "again"; settled?: EventBelonging | undefined };

async function tryOnce(event: CorrelatedEvent, settled: EventBelonging | undefined, deps: EventDeps): Promise<Tried> {
  const { record, correlation } = event;
  const requestId = settled?.requestId ?? (await deps.correlations.claim(claimOf(event))).requestId;
  const ticket = await deps.tickets.findByIdentity(requestId);
  if (!settled && ticket && correlation.afterResolved === "new" && beginsAnew(event, ticket)) {
    await deps.correlations.startOver(event, requestId, record.requestId);
    return { kind: "again" };
  }
  const fault = ticket || event.isResolved ? undefined : await deps.faultOf(event.command);
  // It belongs to nothing: others with the same key are not to fail with it.
  if (fault !== undefined) return { kind: "decided", noted: refused(event, fault) };
  const belonging = settled ?? (await deps.inbound.settleBelonging(record._id, belongingOf(event, requestId)));
  if (!belonging) throw new EventsCrossed("the record of the event was erased while it was decided");
  if (belonging.requestId !== requestId) return { kind: "again", settled: belonging };
  if (ticket) return { kind: "decided", noted: await noteOn(ticket, event, deps) };
  return event.isResolved ? { kind: "decided", noted: nothingOpen(event) } : openTogether(event, requestId, deps);
}

/** An event that says it is on again, about a ticket that somebody has closed. */
function beginsAnew({ record, at, isResolved }: CorrelatedEvent, { status, source, lastEvent }: StandingTicket): boolean {
  const isOpener = source.inboundId === record._id;
  return !isResolved && !isOpener && status === CLOSED && !(lastEvent && lastEvent.at > at);
}

async function openTogether(event: CorrelatedEvent, requestId: string, deps: EventDeps): Promise<Tried> {
  const { record, trace } = event;
  const facts = { decisions: [...trace, firstOfAll(event)], lastEvent: asTicketEvent(event) };
  const opened = await deps.openTicket(inTheNameOf(requestId, event), facts);
  if (opened.kind === "rejected" && requestId === record.requestId) return { kind: "decided", noted: refused(event, opened.message) };
  const ticket = await deps.tickets.findByIdentity(requestId);
  if (ticket) return { kind: "decided", noted: await noteOn(ticket, event, deps), ...(opened.kind === "stored" && { deliver: opened.deliver }) };
  // What the others' request was refused for is theirs: from here on this event's own stands for them all.
  await deps.correlations.startOver(event, requestId, record.requestId);
  const next = await deps.correlations.claim(claimOf(event));
  return { kind: "again", settled: await deps.inbound.settleBelonging(record._id, belongingOf(event, next.requestId), { requestId }) };
}

async function noteOn(ticket: StandingTicket, event: CorrelatedEvent, deps: EventDeps): Promise<EventOutcome> {
  if (ticket.source.inboundId === event.record._id) {
    const over = await catchUp(ticket, event, deps);
    return openedBy({ ...event, trace: [...event.trace, firstOfAll(event), ...over] }, ticket);
  }
  const heard = await tell(ticket, asTicketEvent(event), event, deps);
  const counted: Decision = { rule: "correlation", answer: event.isResolved ? "resolved" : "occurrence", because: `others have ${described(event.key)}` };
  const reason = { code: counted.answer, text: `Counts for ticket ${ticket.tid}` };
  const { id, tid } = ticket;
  const trace = [...event.trace, counted, ...statusTrace(heard)];
  return { state: "occurrence", reason, trace, ticket: { id, tid }, summary: summaryOf(event, ticket.subject) };
}

function firstOfAll({ key, correlation }: CorrelatedEvent): Decision {
  return { rule: "correlation", answer: "first", because: `no ticket counted events with ${described(key)} of the last ${correlation.windowSeconds} s` };
}

/** An event that says it is over may have looked for this ticket before it was there. */
async function catchUp(ticket: StandingTicket, event: CorrelatedEvent, deps: EventDeps): Promise<Decision[]> {
  const resolved = await deps.correlations.findResolved(event, ticket._id);
  if (!resolved) return [];
  return statusTrace(await tell(ticket, { ...resolved, state: "resolved" }, event, deps));
}

/** Lets the ticket hear of an event, with the change of its status that this means, and what is owed for that. */
function tell({ id }: StandingTicket, about: TicketEvent, { correlation }: CorrelatedEvent, { tickets, wantsStatus }: EventDeps): Promise<HeardOf> {
  const status = changeBy(about, correlation);
  const { inboundId, at } = about;
  return tickets.hear(id, about, { status, ...(status && wantsStatus() && { owed: statusEntry({ inboundId }, { status: status.to, at }) }) });
}

function changeBy({ state }: TicketEvent, { onResolved }: EventCorrelation): StatusChange | undefined {
  if (state === "firing") return { from: "closed", to: "Open" };
  return onResolved === "close" ? { from: "not-closed", to: CLOSED } : undefined;
}

function statusTrace(heard: HeardOf): Decision[] {
  switch (heard.kind) {
    case "changed":
      return [{ rule: "status", answer: heard.to, because: `it was ${heard.from}` }];
    case "late":
      return [{ rule: "status", answer: "unchanged", because: "it had heard of what happened later" }];
    case "repeated":
      return [{ rule: "status", answer: "unchanged", because: "this event was decided once before" }];
    case "gone":
    case "unchanged":
      return [];
  }
}

function nothingOpen(event: CorrelatedEvent): EventOutcome {
  const text = "It says that something is over, of which there is no ticket";
  const trace = [...event.trace, { rule: "correlation", answer: "nothing open", because: described(event.key) }];
  return { state: "ignored", reason: { code: "nothing_open", text }, trace, summary: summaryOf(event) };
}

function claimOf({ source, key, at, record, correlation, isResolved }: CorrelatedEvent): EventClaim {
  const { requestId, _id: inboundId, receivedAt } = record;
  return { source, key, requestId, inboundId, at, receivedAt, windowMs: correlation.windowSeconds * 1000, isResolved };
}

function belongingOf({ key, isResolved }: CorrelatedEvent, requestId: string): EventBelonging {
  return { key, requestId, state: isResolved ? "resolved" : "firing" };
}

function asTicketEvent({ record: { _id: inboundId, receivedAt }, at, isResolved }: CorrelatedEvent): TicketEvent {
  return { at, receivedAt, inboundId, state: isResolved ? "resolved" : "firing" };
}

const MAX_SHOWN_KEY = 200;

function described(key: string): string {
  return `the key ${JSON.stringify(key.length > MAX_SHOWN_KEY ? `${key.slice(0, MAX_SHOWN_KEY)}…` : key)}`;
}
