import type { Decision, InboundRecord, InboundWebhook } from "@openticket/contract";
import { commandOfEvent } from "./command-of-event.ts";
import { correlateEvent } from "./correlate-event.ts";
import { openAlone } from "./open-alone.ts";
import type { DecidedEvent, EventDeps, EventOutcome } from "./ports.ts";

/**
 * What becomes of an event: its source's mapping, or that of its kind, makes a ticket of it, or of it and others together.
 * What nobody can read, and what no mapping can make anything of, waits for an operator in quarantine. Throws for faults that
 * a later try may not meet.
 */
export async function decideEvent(record: InboundRecord, deps: EventDeps): Promise<DecidedEvent> {
  const { webhook } = record.source;
  if (!webhook) return { noted: quarantined("unreadable", "It is said to be an event, and no call of a webhook stands beside it", []) };
  const source = await deps.sources.find(webhook.source);
  if (!source) return { noted: quarantined("source_gone", `There is no source ${webhook.source} any more: set it again, and replay`, []) };
  const preset = deps.presetOf(source.kind);
  const mapping = source.mapping ?? preset?.mapping;
  if (!mapping) return { noted: quarantined("no_mapping", `The source ${webhook.source} has no mapping: give it one, and replay`, []) };
  const correlation = source.correlation === undefined ? preset?.correlation : (source.correlation ?? undefined);
  const reading = await deps.reader.read({ ...(await taskOf(webhook, record, deps)), mapping, correlation });
  const trace: Decision[] = [{ rule: "source", answer: webhook.source, because: source.mapping ? "its own mapping" : `the mapping of ${source.kind}` }];
  switch (reading.kind) {
    case "unreadable":
      return { noted: quarantined("unreadable", `The event could not be read: ${reading.because}`, trace) };
    case "spent":
      return { noted: quarantined("mapping_failed", `The event could not be mapped: ${reading.because}`, trace) };
    case "unmappable":
      return { noted: quarantined("mapping_failed", `The event could not be mapped: ${reading.path}: ${reading.because}`, trace) };
    case "unwanted":
      return {
        noted: ignored("unwanted", "Its source's mapping wants no such event", [
          ...trace,
          { rule: "mapping", answer: "unwanted", because: "mapping.when is not true" },
        ]),
      };
    case "mapped": {
      const command = commandOfEvent(reading.params ?? {}, source.defaults, record);
      const event = { record, command, trace: [...trace, { rule: "mapping", answer: reading.isResolved ? "resolved" : "mapped" }] };
      if (!correlation || reading.key === undefined) return reading.isResolved ? { noted: nothingToResolve(event.trace) } : openAlone(event, deps);
      return correlateEvent({ ...event, key: reading.key, isResolved: reading.isResolved, correlation, source: webhook.source }, deps);
    }
  }
}

/** The record's content is the call's body, or what an operator has made of it. */
async function taskOf({ contentType, headers = {}, source, kind }: InboundWebhook, { raw, receivedAt }: InboundRecord, deps: EventDeps) {
  return { body: await deps.readBody(raw), contentType, headers, source, kind, receivedAt: receivedAt.toISOString() };
}

function nothingToResolve(trace: Decision[]): EventOutcome {
  return ignored("nothing_open", "It says that something is over, and not what: its correlation yields no key", trace);
}

function quarantined(code: string, text: string, trace: Decision[]): EventOutcome {
  return { state: "quarantined", reason: { code, text }, trace: [...trace, { rule: "mapping", answer: "quarantined", because: text }] };
}

function ignored(code: string, text: string, trace: Decision[]): EventOutcome {
  return { state: "ignored", reason: { code, text }, trace };
}
