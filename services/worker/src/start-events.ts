import type { OpenTicketCommand } from "@openticket/contract";
import type { Drain, Metrics } from "@openticket/runtime";
import { type InboundStore, makeMongoCorrelations, makeMongoEventTickets, makeMongoWebhookSources, type StoreConnection } from "@openticket/store";
import { makeEventReader, rulesOf } from "@openticket/webhooks";
import { type ActionDeps, decideTicket, MAYBE_AGAIN, refusalOf } from "./actions.ts";
import type { EventConfig } from "./events/config.ts";
import { eventAction } from "./events/event-action.ts";
import type { Opened } from "./events/ports.ts";
import { loadRaw, type RawMessages, type Room } from "./mail/raw-message.ts";
import type { MailFacts } from "./pipeline/mail-facts.ts";
import { validate } from "./pipeline/validate.ts";
import type { Action } from "./queue/action.ts";

export interface StartEventsDeps extends ActionDeps {
  store: StoreConnection;
  inbound: InboundStore;
  rawMessages: RawMessages;
  /** That of the mails: what all messages hold together is bounded. */
  room: Room;
  now(): Date;
  drain: Drain;
  metrics: Metrics;
}

/** Starts what decides about events of webhooks; the action of their jobs. Wiring only. */
export function startEvents(config: EventConfig, deps: StartEventsDeps): Action {
  const { store, inbound, pipeline, now, drain, metrics } = deps;
  const reader = makeEventReader({
    processes: config.WEBHOOK_MAPPING_PROCESSES,
    timeoutMs: config.WEBHOOK_MAPPING_TIMEOUT_MS,
    maxMemoryMb: config.WEBHOOK_MAPPING_MEMORY_MB,
  });
  drain.onDrain("event reader", () => reader.close());
  const eventTickets = makeMongoEventTickets(store);
  return eventAction({
    records: inbound,
    inbound,
    // Not the kept one: who has mended a mapping replays at once.
    sources: { find: makeMongoWebhookSources(store).find },
    rulesOf,
    room: deps.room,
    readBody: (body) => loadRaw(body, () => new Uint8Array(body.size), deps.rawMessages),
    reader,
    correlations: makeMongoCorrelations(store),
    tickets: {
      findByIdentity: pipeline.tickets.findByIdentity,
      async hear(ticketId, event, options) {
        const heard = await eventTickets.hear(ticketId, event, { ...options, dueAt: new Date(now().getTime() + pipeline.rules.outboxGraceMs) });
        if (heard.kind === "changed" && options.owed) await deps.news?.statusChanged(ticketId);
        return heard;
      },
    },
    wantsStatus: () => pipeline.wantsEvent?.("ticket.status.changed") ?? false,
    faultOf: (command) => faultOf(command, deps),
    openTicket: (command, facts) => openTicket(command, facts, deps),
    metrics,
  });
}

async function faultOf(command: OpenTicketCommand, { pipeline }: ActionDeps): Promise<string | undefined> {
  const { errors } = await validate(command, pipeline);
  return [...errors, ...(command.problems ?? [])][0]?.message;
}

async function openTicket(command: OpenTicketCommand, facts: MailFacts, deps: ActionDeps): Promise<Opened> {
  const { kind, result, deliver } = await decideTicket(command, MAYBE_AGAIN, deps, facts);
  if (kind === "conflict") return { kind: "taken" };
  if (result?.result === "success") return { kind: "stored", deliver };
  return { kind: "rejected", message: refusalOf(result) };
}
