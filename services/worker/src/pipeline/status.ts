import { type DeadLetter, KEPT_FOR_OPERATOR, type RejectionRecord, type ReplyRecord, type RequestStatus, type TicketRecord } from "@openticket/contract";
import { replyAddedResult } from "./add-ticket-reply.ts";
import { errorResult } from "./outcomes.ts";
import { successResult } from "./ticket-outcome.ts";

/** Outcomes by the name of the request. */
export interface OutcomeReader {
  findByRequestId(requestId: string): Promise<TicketRecord | undefined>;
  findReplyByRequestId(requestId: string): Promise<ReplyRecord | undefined>;
  findRejectionByRequestId(requestId: string): Promise<RejectionRecord | undefined>;
  findDeadLetter(requestId: string): Promise<DeadLetter | undefined>;
}

/** What the store knows of these requests, in the order asked; `unknown` where it knows nothing. */
export function outcomesOf(requestIds: readonly string[], outcomes: OutcomeReader): Promise<RequestStatus[]> {
  return Promise.all(requestIds.map((requestId) => outcomeOf(requestId, outcomes)));
}

async function outcomeOf(requestId: string, outcomes: OutcomeReader): Promise<RequestStatus> {
  const ticket = await outcomes.findByRequestId(requestId);
  if (ticket) return { requestId, state: "done", result: successResult({ requestId }, ticket) };
  const reply = await outcomes.findReplyByRequestId(requestId);
  if (reply) return { requestId, state: "done", result: replyAddedResult({ requestId }, reply) };
  const rejection = await outcomes.findRejectionByRequestId(requestId);
  if (rejection) return { requestId, state: "rejected", result: errorResult({ requestId }, rejection.errors) };
  const letter = await outcomes.findDeadLetter(requestId);
  if (!letter) return { requestId, state: "unknown" };
  const { code } = letter;
  return {
    requestId,
    state: "failed",
    result: errorResult({ requestId }, [{ code, message: KEPT_FOR_OPERATOR }]),
  };
}
