import { type RequestStatus, statusOf } from "@openticket/contract";
import type { CommandQueue, ReceiptStore, TicketReader } from "./ports.ts";

export interface StatusDeps {
  tickets: TicketReader;
  receipts: Pick<ReceiptStore, "find">;
  queue: Pick<CommandQueue, "state">;
  /** Whether this process is still giving that request its receipt, as its caller has been told that it is late. */
  isReceiptOnItsWay(requestId: string, credential: string): boolean;
}

/** How long a question that waits sleeps between two looks, ms: the first is short, because most tickets are quick. */
const POLL_DELAYS_MS = [25, 50, 100, 200, 400];

/**
 * What became of a request. The outcome is looked up where it is true, in the store; only a request without one is
 * looked up in the queue. Another credential's outcome is unknown to the asker.
 */
export async function requestStatus(requestId: string, credential: string, deps: StatusDeps): Promise<RequestStatus> {
  const outcome = await findOutcome(requestId, credential, deps.tickets);
  if (outcome) return outcome;
  const state = await deps.queue.state(requestId);
  if (state) return { requestId, state };
  // It may have been decided between the two looks.
  const late = await findOutcome(requestId, credential, deps.tickets);
  if (late) return late;
  if (deps.isReceiptOnItsWay(requestId, credential)) return { requestId, state: "queued" };
  // Accepted, and on its way back into the queue.
  const receipt = await deps.receipts.find(requestId);
  return receipt?.checkAt && receipt.source.credential === credential ? { requestId, state: "queued" } : { requestId, state: "unknown" };
}

/** The same, waiting up to `waitMs` for an outcome while the request is under way. */
export async function awaitStatus(
  requestId: string,
  credential: string,
  waitMs: number,
  deps: StatusDeps & { sleep(ms: number): Promise<unknown>; nowMs(): number },
): Promise<RequestStatus> {
  const deadlineMs = deps.nowMs() + waitMs;
  for (let look = 0; ; look++) {
    const status = await requestStatus(requestId, credential, deps);
    const leftMs = deadlineMs - deps.nowMs();
    if ((status.state !== "queued" && status.state !== "working") || leftMs <= 0) return status;
    await deps.sleep(Math.min(POLL_DELAYS_MS[look] ?? 500, leftMs));
  }
}

async function findOutcome(requestId: string, credential: string, tickets: TicketReader): Promise<RequestStatus | undefined> {
  const [ticket, reply, rejection] = await Promise.all([
    tickets.findByRequestId(requestId),
    tickets.findReplyByRequestId(requestId),
    tickets.findRejectionByRequestId(requestId),
  ]);
  const letter = ticket || reply || rejection ? undefined : await tickets.findDeadLetter(requestId);
  const found = ticket ?? reply ?? rejection ?? letter;
  if (!found) return undefined;
  return found.source?.credential === credential ? statusOf(requestId, { ticket, reply, rejection, letter }) : { requestId, state: "unknown" };
}
