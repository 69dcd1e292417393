import { setTimeout as sleep } from "node:timers/promises";
import type { OutboxEntry, RejectionRecord, ReplyRecord, TicketHead, TicketRecord } from "@openticket/contract";
import type { Drain, Logger, Metrics } from "@openticket/runtime";
import { makeMongoCalls, makeMongoEndpoints, type StoreConnection } from "@openticket/store";
import { makeGuardedRequest, makeSecretBox } from "@openticket/webhooks";
import { type Announcer, makeAnnouncer } from "./events-out/announce.ts";
import type { EventsOutConfig } from "./events-out/config.ts";
import { startInterest } from "./events-out/interest.ts";
import { startSender } from "./events-out/sender.ts";
import { beginEndpointsAtZero } from "./fault-counters.ts";
import type { Dispatcher } from "./outbox/dispatcher.ts";
import type { WantsEvent } from "./pipeline/owed-event.ts";

const MS_PER_DAY = 86_400_000;

export interface StartEventsOutDeps {
  store: StoreConnection;
  findHead(ticketId: number): Promise<TicketHead | undefined>;
  now(): Date;
  logger: Logger;
  drain: Drain;
  metrics: Metrics;
}

export interface EventsOut {
  wantsEvent: WantsEvent;
  announcer: Announcer;
}

/** Starts what tells endpoints of events; without endpoints it reads a few of their records every few seconds, and no more. Wiring only. */
export async function startEventsOut(config: EventsOutConfig, { store, findHead, now, logger, drain, metrics }: StartEventsOutDeps): Promise<EventsOut> {
  const endpoints = makeMongoEndpoints(store);
  const calls = makeMongoCalls(store);
  const box = makeSecretBox(config.SECRETS_KEY);
  const load = async () => {
    const all = await endpoints.all();
    beginEndpointsAtZero(all, metrics);
    return all;
  };
  const interest = await startInterest({ load, random: Math.random, logger });
  drain.onDrain("endpoints", () => interest.close());
  const sender = startSender({
    active: interest.active,
    all: endpoints.all,
    refresh: interest.refresh,
    calls,
    disable: endpoints.disable,
    send: makeGuardedRequest({ allowedNetworks: config.EVENTS_ALLOWED_NETWORKS }),
    open: box.open,
    maxInFlight: config.EVENTS_MAX_IN_FLIGHT,
    retentionMs: config.EVENTS_RETENTION_DAYS * MS_PER_DAY,
    now,
    nowMs: () => performance.now(),
    random: Math.random,
    sleep,
    logger,
    metrics,
  });
  drain.onDrain("calls to endpoints", () => sender.close());
  const announcer = makeAnnouncer({
    recipients: interest.recipients,
    owe: calls.owe,
    onOwed: sender.wake,
    findHead,
    now,
  });
  return { wantsEvent: interest.wants, announcer };
}

export interface NewsDeps {
  tickets: Pick<Dispatcher<TicketRecord>, "eventsOwed">;
  rejections: Pick<Dispatcher<RejectionRecord>, "opened">;
  findTicket(id: number): Promise<TicketRecord | undefined>;
  logger: Logger;
}

/** What is told at once of outcomes that owe nothing but events, or whose event another record owes. Never throws: a relay finds what was not told. */
export interface News {
  rejected(rejection: RejectionRecord): Promise<void>;
  /** Of a reply that is on its ticket. */
  replied(reply: ReplyRecord): Promise<void>;
  /** Of a ticket that owes the event of another status. */
  statusChanged(ticketId: number): Promise<void>;
}

/** See {@link News}. Nothing is asked for what owes nothing. */
export function makeNews({ tickets, rejections, findTicket, logger }: NewsDeps): News {
  async function statusChanged(ticketId: number): Promise<void> {
    const ticket = await findTicket(ticketId).catch((err: unknown) => logger.warn({ ticketId, err }, "a change of status is told of later"));
    if (ticket && hasEvent(ticket.outbox)) tickets.eventsOwed(ticket);
  }
  return {
    async rejected(rejection) {
      if (hasEvent(rejection.outbox)) await rejections.opened(rejection);
    },
    async replied({ ticketId, tellsOfStatus }) {
      if (tellsOfStatus) await statusChanged(ticketId);
    },
    statusChanged,
  };
}

function hasEvent(outbox: OutboxEntry[] | undefined): boolean {
  return outbox?.some(({ kind }) => kind === "event") ?? false;
}
