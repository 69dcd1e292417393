import type {
  EventBelonging,
  EventCorrelation,
  EventEntry,
  EventMapping,
  InboundRecord,
  InboundState,
  OpenTicketCommand,
  StandingTicket,
  TicketEvent,
  WebhookSource,
} from "@openticket/contract";
import type { EventReader } from "@openticket/webhooks";
import type { MailFacts } from "../pipeline/mail-facts.ts";

/** What deciding about events needs from the outside. Everything here may be called twice for the same event. */
export interface EventDeps {
  sources: { find(name: string): Promise<EventSource | undefined> };
  /** What becomes of the events of a source: what it says itself, else what its kind does. */
  rulesOf(source: EventSource): { mapping: EventMapping | undefined; correlation: EventCorrelation | undefined };
  /** Runs work that holds so many bytes when there is room for them. */
  room<T>(bytes: number, work: () => Promise<T>): Promise<T>;
  /** The exact bytes of a call. */
  readBody(body: { sha256: string; size: number }): Promise<Uint8Array>;
  reader: Pick<EventReader, "read">;
  inbound: { settleBelonging(id: string, belonging: EventBelonging, instead?: { requestId: string }): Promise<EventBelonging | undefined> };
  correlations: {
    claim(claim: EventClaim): Promise<{ requestId: string }>;
    startOver(about: Pick<EventClaim, "source" | "key">, from: string, to: string): Promise<void>;
    findResolved(about: Pick<EventClaim, "source" | "key">, requestId: string): Promise<Omit<TicketEvent, "state"> | undefined>;
  };
  tickets: {
    findByIdentity(identity: string): Promise<StandingTicket | undefined>;
    hear(ticketId: number, event: TicketEvent, options: { status?: StatusChange | undefined; owed?: EventEntry | undefined }): Promise<HeardOf>;
  };
  /** Whether somebody wants to hear of changed statuses. */
  wantsStatus(): boolean;
  /** What would be wrong with the command; nothing is stored. */
  faultOf(command: OpenTicketCommand): Promise<string | undefined>;
  openTicket(command: OpenTicketCommand, facts: MailFacts): Promise<Opened>;
}

export type EventSource = Pick<WebhookSource, "_id" | "kind" | "mapping" | "correlation" | "defaults">;

export interface EventClaim {
  source: string;
  key: string;
  requestId: string;
  inboundId: string;
  at: Date;
  receivedAt: Date;
  windowMs: number;
  isResolved: boolean;
}

export interface StatusChange {
  from: "closed" | "not-closed";
  to: string;
}

export type HeardOf = { kind: "changed"; from: string; to: string } | { kind: "unchanged" | "late" | "repeated"; status: string } | { kind: "gone" };

/** What a command has come to. `taken`: its request has come to something already, for another event. */
export type Opened = { kind: "stored"; deliver?: (() => Promise<void>) | undefined } | { kind: "taken" } | { kind: "rejected"; message: string };

/** What is noted of an event. */
export interface EventOutcome extends Pick<InboundRecord, "trace" | "reason" | "ticket" | "summary"> {
  state: Exclude<InboundState, "stored">;
}

export interface DecidedEvent {
  noted: EventOutcome;
  /** What may be delivered once the outcome is noted. */
  deliver?: (() => Promise<void>) | undefined;
}
