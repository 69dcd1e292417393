import type { Decision, InboundRecord, InboundWebhook } from "@openticket/contract";
import { commandOfEvent } from "./command-of-event.ts";
import { correlateEvent } from "./correlate-event.ts";
import { openAlone } from "./open-alone.ts";
import type { DecidedEvent, EventDeps } from "./ports.ts";

/**
 * What becomes of an event: its source's mapping, or that of its kind, makes a ticket of it, or of it and others together.
 * What nobody can read, and what no mapping can make anything of, waits for an operator in quarantine. Throws for faults that
 * a later try may not meet.
 */
export async function decideEvent(record: InboundRecord, deps: EventDeps): Promise<DecidedEvent> {
  const { webhook } = record.source;
  if (!webhook) return quarantined("unreadable", "It is said to be an event, and no call of a webhook stands beside it");
  const source = await deps.sources.find(webhook.source);
  if (!source) return quarantined("source_gone", `There is no source ${webhook.source} any more: set it again, and replay`);
  const { mapping, correlation } = deps.rulesOf(source);
  if (!mapping) return quarantined("no_mapping", `The source ${webhook.source} has no mapping: give it one, and replay`);
  const read = async () => deps.reader.read({ ...(await taskOf(webhook, record, deps)), mapping, correlation });
  const reading = await deps.room(record.raw.size, read);
  const trace: Decision[] = [{ rule: "source", answer: source._id, because: source.mapping ? "its own mapping" : `the mapping of ${source.kind}` }];
  if (reading.kind !== "mapped") return notMapped(reading, trace);
  const mapped: Decision = { rule: "mapping", answer: reading.isResolved ? "resolved" : "mapped" };
  const event = { record, command: commandOfEvent(reading.params ?? {}, source.defaults, record), trace: [...trace, mapped] };
  const { key, isResolved } = reading;
  if (correlation && key !== undefined)
    return correlateEvent({ ...event, key, at: instantOf(reading, record), isResolved, correlation, source: source._id }, deps);
  return isResolved ? ignored("nothing_open", "It says that something is over, and not what: it has no key", event.trace) : openAlone(event, deps);
}

/** When it happened. Nothing comes in before that: a clock ahead of ours would have what follows look late. */
function instantOf({ happenedAt }: Extract<Reading, { kind: "mapped" }>, { receivedAt }: InboundRecord): Date {
  return new Date(Math.min(happenedAt ?? Number.POSITIVE_INFINITY, receivedAt.getTime()));
}

type Reading = Awaited<ReturnType<EventDeps["reader"]["read"]>>;

function notMapped(reading: Exclude<Reading, { kind: "mapped" }>, trace: Decision[]): DecidedEvent {
  switch (reading.kind) {
    case "unreadable":
      return quarantined("unreadable", `The event could not be read: ${reading.because}`, trace);
    case "spent":
      return quarantined("mapping_failed", `The event could not be mapped: ${reading.because}`, trace);
    case "unmappable":
      return quarantined("mapping_failed", `The event could not be mapped: ${reading.path}: ${reading.because}`, trace);
    case "unwanted": {
      const unwanted: Decision = { rule: "mapping", answer: "unwanted", because: "mapping.when is not true" };
      return ignored("unwanted", "Its source's mapping wants no such event", [...trace, unwanted]);
    }
  }
}

/** The record's content is the call's body, or what an operator has made of it. */
async function taskOf({ contentType, headers = {}, source, kind }: InboundWebhook, { raw, receivedAt }: InboundRecord, deps: EventDeps) {
  return { body: await deps.readBody(raw), contentType, headers, source, kind, receivedAt: receivedAt.toISOString() };
}

function quarantined(code: string, text: string, trace: Decision[] = []): DecidedEvent {
  const decided: Decision = { rule: "mapping", answer: "quarantined", because: text };
  return { noted: { state: "quarantined", reason: { code, text }, trace: [...trace, decided] } };
}

function ignored(code: string, text: string, trace: Decision[]): DecidedEvent {
  return { noted: { state: "ignored", reason: { code, text }, trace } };
}
