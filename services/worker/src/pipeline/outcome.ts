import {
  type ErrorResult,
  fingerprintOf,
  IDEMPOTENCY_CONFLICT,
  identityOf,
  type OpenTicketCommand,
  type RejectionRecord,
  type SuccessResult,
  type TicketRecord,
} from "@openticket/contract";
import type { PipelineDeps } from "./ports.ts";
import { errorResult, successResult } from "./results.ts";

export type Outcome =
  | { kind: "opened"; ticket: TicketRecord; result: SuccessResult }
  /** Decided before: by an earlier run of this request, or by an earlier request with the same key. */
  | { kind: "duplicate"; result: SuccessResult | ErrorResult; ticket?: TicketRecord }
  | { kind: "rejected"; result: ErrorResult }
  /** The key was used before for a request with other content. */
  | { kind: "conflict"; result: ErrorResult };

/** What is decided of a request already; undefined when nothing is. Tries nothing. */
export async function recall(command: OpenTicketCommand, { tickets }: Pick<PipelineDeps, "tickets">): Promise<Outcome | undefined> {
  const identity = identityOf(command);
  const [ticket, rejection] = await Promise.all([tickets.findByIdentity(identity), tickets.findRejection(identity)]);
  if (ticket) return repeatTicket(command, ticket);
  return rejection && repeatRejection(command, rejection);
}

/** The answer to a request whose ticket stands. */
export function repeatTicket(command: OpenTicketCommand, ticket: TicketRecord): Outcome {
  if (ticket.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", ticket, result: { ...successResult(command, ticket), ...markReplay(command, ticket) } };
}

/** The answer to a request that was rejected. */
export function repeatRejection(command: OpenTicketCommand, rejection: RejectionRecord): Outcome {
  if (rejection.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", result: { ...errorResult(command, rejection.errors), ...markReplay(command, rejection) } };
}

/** A second run of one submission is no replay: its requester has not had an answer yet. */
function markReplay(command: OpenTicketCommand, decided: { receivedAt: Date }): { replayed?: true } {
  return decided.receivedAt.getTime() === Date.parse(command.receivedAt) ? {} : { replayed: true };
}

function conflict(command: OpenTicketCommand): Outcome {
  return { kind: "conflict", result: errorResult(command, [IDEMPOTENCY_CONFLICT]) };
}
