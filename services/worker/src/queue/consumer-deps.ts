import type { DeadLetter, OpenTicketCommand, OpenTicketResult, Receipt, RequestError, TicketRecord } from "@openticket/contract";
import type { Logger, Metrics } from "@openticket/runtime";

/** What the consumer of commands needs from the outside. */
export interface ConsumerDeps {
  /** The story of a ticket; throws only for faults. `mayHaveTwin`: whether the same request may be decided elsewhere by now. */
  decide(command: OpenTicketCommand, run: { mayHaveTwin(): boolean }): Promise<Decided>;
  /** What an earlier run has decided, without trying anything; undefined when nothing is. */
  recall(command: OpenTicketCommand): Promise<Decided | undefined>;
  reply(queue: string, result: OpenTicketResult): Promise<void>;
  /** The reply to this command was sent; it may be the one that stands in the ticket's outbox. */
  replied(ticket: TicketRecord, command: OpenTicketCommand): void;
  /** A new ticket whose other deliveries may be made now; ends when they are in hand or left for later. */
  opened(ticket: TicketRecord): Promise<void>;
  /** The request is decided, and a receipt of it wants to hear so. */
  decided(requestId: string, outcome: Receipt["outcome"]): void;
  bury(letter: DeadLetter): Promise<void>;
  failed(request: { requestId: string; correlationId?: string | undefined }, error: RequestError): OpenTicketResult;
  /** True for the outage of something that will come back. */
  isOutage(error: unknown): boolean;
  now(): Date;
  random(): number;
  logger: Logger;
  metrics: Metrics;
}

export interface Decided {
  kind: string;
  result: OpenTicketResult;
  ticket?: TicketRecord;
}
