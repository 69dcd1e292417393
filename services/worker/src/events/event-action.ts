import type { InboundRecord } from "@openticket/contract";
import type { Metrics } from "@openticket/runtime";
import { type InboundAction, inboundJob, type TakenInbound } from "../inbound-job.ts";
import { decideEvent } from "./decide-event.ts";
import type { EventDeps, EventOutcome } from "./ports.ts";

export interface EventActionDeps extends EventDeps {
  records: {
    find(id: string): Promise<InboundRecord | undefined>;
    decide(id: string, outcome: EventOutcome): Promise<void>;
  };
  metrics: Metrics;
}

/**
 * The job of an event that came in: map it in a process of its own, correlate it, open or change its ticket, note the outcome. Safe to
 * run again after a crash at any place: see the files beside this one.
 */
export function eventAction(deps: EventActionDeps): InboundAction {
  return inboundJob({ label: "event", find: (id) => deps.records.find(id), take: (record) => takeEvent(record, deps) });
}

async function takeEvent(record: InboundRecord, deps: EventActionDeps): Promise<TakenInbound> {
  const { noted, deliver } = await decideEvent(record, deps);
  await deps.records.decide(record._id, noted);
  const reason = noted.reason?.code ?? "none";
  deps.metrics.counter("event_total", "Events of webhooks by what became of them", ["outcome", "reason"]).inc({ outcome: noted.state, reason });
  return { kind: `event-${noted.state}`, ...(deliver && { deliver }) };
}
