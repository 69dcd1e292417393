import { KEPT_FOR_OPERATOR, type RequestError } from "./errors.ts";
import type { DeadLetter } from "./keeping.ts";
import type { ErrorResult, ReplyAddedResult, RequestStatus, SuccessResult } from "./reply.ts";
import type { RejectionRecord, TicketRecord } from "./ticket.ts";
import type { ReplyRecord, StandingReply, StandingTicket } from "./ticket-reply.ts";

/** By what a requester knows the answer to its request. */
export interface Requested {
  requestId: string;
  correlationId?: string | undefined;
}

/** The answer for a stored ticket. */
export function resultOfTicket(request: Requested, { id, tid, c }: Pick<TicketRecord, "id" | "tid" | "c">): SuccessResult {
  return { ...named(request), result: "success", id, tid, c };
}

/** The answer for a stored reply. */
export function resultOfReply(request: Requested, { ticketId, replyId }: Pick<ReplyRecord, "ticketId" | "replyId">): ReplyAddedResult {
  return { ...named(request), result: "success", ticketid: ticketId, replyid: replyId };
}

/** The answer to what added nothing; the first error is the one that older callers see. */
export function resultOfErrors(request: Requested, errors: RequestError[]): ErrorResult {
  return { ...named(request), result: "error", errors, message: errors[0]?.message ?? "The request could not be processed" };
}

/** What stands of a request: one of these at most counts, the first. */
export interface Decided {
  ticket?: StandingTicket | undefined;
  reply?: StandingReply | undefined;
  rejection?: RejectionRecord | undefined;
  letter?: DeadLetter | undefined;
}

/** What is told of a request of which this stands; `unknown` where nothing does. */
export function statusOf(requestId: string, { ticket, reply, rejection, letter }: Decided): RequestStatus {
  if (ticket) return { requestId, state: "done", result: resultOfTicket({ requestId }, ticket) };
  if (reply) return { requestId, state: "done", result: resultOfReply({ requestId }, reply) };
  if (rejection) return { requestId, state: "rejected", result: resultOfErrors({ requestId }, rejection.errors) };
  if (letter) return { requestId, state: "failed", result: resultOfErrors({ requestId }, [{ code: letter.code, message: KEPT_FOR_OPERATOR }]) };
  return { requestId, state: "unknown" };
}

function named({ requestId, correlationId }: Requested): Requested {
  return correlationId === undefined ? { requestId } : { requestId, correlationId };
}
