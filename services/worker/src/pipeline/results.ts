import type { ErrorResult, RequestError, SuccessResult, TicketRecord } from "@openticket/contract";

/** The reply for a stored ticket. */
export function successResult(request: Addressed, ticket: Pick<TicketRecord, "id" | "tid" | "c">): SuccessResult {
  return { ...address(request), result: "success", id: ticket.id, tid: ticket.tid, c: ticket.c };
}

/** The reply for what could not become a ticket; the first error is the one that older callers see. */
export function errorResult(request: Addressed, errors: RequestError[]): ErrorResult {
  return { ...address(request), result: "error", errors, message: errors[0]?.message ?? "The request could not be processed" };
}

interface Addressed {
  requestId: string;
  correlationId?: string | undefined;
}

function address({ requestId, correlationId }: Addressed) {
  return correlationId === undefined ? { requestId } : { requestId, correlationId };
}
