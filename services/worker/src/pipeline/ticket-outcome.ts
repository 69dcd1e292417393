import {
  fingerprintOf,
  identityOf,
  type OpenTicketCommand,
  resultOfTicket,
  type StandingTicket,
  type SuccessResult,
  type TicketRecord,
} from "@openticket/contract";
import { conflict, markReplay, type Refusal, repeatRejection } from "./outcomes.ts";
import type { PipelineDeps } from "./ports.ts";

export type Outcome =
  | { kind: "opened"; ticket: TicketRecord; result: SuccessResult }
  /** Decided before: by an earlier run of this request, or by an earlier request with the same key. */
  | { kind: "duplicate"; result: SuccessResult; ticket: StandingTicket }
  | Refusal;

/** What is decided of a request already; undefined when nothing is. Tries nothing. */
export async function recallTicket(command: OpenTicketCommand, { tickets }: Pick<PipelineDeps, "tickets">): Promise<Outcome | undefined> {
  const identity = identityOf(command);
  const [ticket, rejection] = await Promise.all([tickets.findByIdentity(identity), tickets.findRejection(identity)]);
  if (ticket) return repeatTicket(command, ticket);
  return rejection && repeatRejection(command, rejection);
}

/** The answer to a request whose ticket stands. */
export function repeatTicket(command: OpenTicketCommand, ticket: StandingTicket): Outcome {
  if (ticket.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", ticket, result: { ...resultOfTicket(command, ticket), ...markReplay(command, ticket) } };
}
