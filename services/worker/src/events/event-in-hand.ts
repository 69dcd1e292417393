import type { Decision, InboundRecord, OpenTicketCommand } from "@openticket/contract";

/** An event that was mapped: its record, what it would open, and what was decided so far. */
export interface EventInHand {
  record: InboundRecord;
  command: OpenTicketCommand;
  trace: Decision[];
}
