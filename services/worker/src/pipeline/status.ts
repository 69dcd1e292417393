import { type DeadLetter, type RejectionRecord, type RequestStatus, type StandingReply, type StandingTicket, statusOf } from "@openticket/contract";

/** Outcomes by the name of the request. */
export interface OutcomeReader {
  findByRequestId(requestId: string): Promise<StandingTicket | undefined>;
  findReplyByRequestId(requestId: string): Promise<StandingReply | undefined>;
  findRejectionByRequestId(requestId: string): Promise<RejectionRecord | undefined>;
  findDeadLetter(requestId: string): Promise<DeadLetter | undefined>;
}

/** What the store knows of these requests, in the order asked; `unknown` where it knows nothing. */
export function outcomesOf(requestIds: readonly string[], outcomes: OutcomeReader): Promise<RequestStatus[]> {
  return Promise.all(requestIds.map((requestId) => outcomeOf(requestId, outcomes)));
}

async function outcomeOf(requestId: string, outcomes: OutcomeReader): Promise<RequestStatus> {
  const ticket = await outcomes.findByRequestId(requestId);
  if (ticket) return statusOf(requestId, { ticket });
  const reply = await outcomes.findReplyByRequestId(requestId);
  if (reply) return statusOf(requestId, { reply });
  const rejection = await outcomes.findRejectionByRequestId(requestId);
  return statusOf(requestId, rejection ? { rejection } : { letter: await outcomes.findDeadLetter(requestId) });
}
