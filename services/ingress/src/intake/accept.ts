import { type Command, type CommandResult, fingerprintOf, IDEMPOTENCY_CONFLICT, type Receipt, type RequestError } from "@openticket/contract";
import { type CommandQueue, type ReceiptStore, ReplyLate, type TicketReader } from "./ports.ts";

/**
 * What a door promises, and when.
 *
 * An answer with ids rests on the stored ticket. An answer before the outcome is known rests on a **receipt**: the command
 * is in MongoDB before the caller is told so, and the recovery puts it into the queue again when Redis has lost it.
 */
export interface AcceptDeps {
  queue: Pick<CommandQueue, "submit" | "submitAndWait">;
  receipts: ReceiptStore;
  tickets: Pick<TicketReader, "findByRequestId" | "findReplyByRequestId" | "findRejectionByRequestId">;
  /** `store`: a receipt first. `queue`: as durable as Redis alone, and cheaper. */
  asyncDurability: "store" | "queue";
  /** How long a caller waits for its outcome, ms. */
  replyTimeoutMs: number;
  now(): Date;
  /** A command with a receipt did not reach the queue; the recovery will see to it. */
  onNotEnqueued(requestId: string, error: unknown): void;
}

/** How long a fresh receipt is left to the queue before the recovery looks at it, ms. */
const FIRST_CHECK_MS = 30_000;

export type Acceptance = { kind: "accepted" } | { kind: "conflict"; error: RequestError };

/** Accepts a request whose caller does not wait. Throws on an outage: then nothing is promised. */
export async function accept(command: Command, deps: AcceptDeps): Promise<Acceptance> {
  if (deps.asyncDurability === "queue") {
    await deps.queue.submit(command);
    return { kind: "accepted" };
  }
  const earlier = await earlierRequest(command, deps);
  if (earlier) return sameOrConflict(command, earlier.fingerprint);
  const marked: Command = { ...command, hasReceipt: true };
  const accepted = await deps.receipts.accept(receiptOf(marked, deps.now()));
  if (accepted.kind === "exists") return sameOrConflict(command, accepted.receipt.fingerprint);
  deps.queue.submit(marked).catch((error: unknown) => deps.onNotEnqueued(command.requestId, error));
  return { kind: "accepted" };
}

/** Hands the command over and waits for its outcome. Throws {@link ReplyLate} when that is late: then it has a receipt, if the store could take one. */
export async function handOverAndWait(command: Command, deps: AcceptDeps): Promise<CommandResult> {
  try {
    return await deps.queue.submitAndWait(command, { timeoutMs: deps.replyTimeoutMs });
  } catch (error) {
    if (error instanceof ReplyLate)
      await deps.receipts.accept(receiptOf(command, deps.now())).catch((fault: unknown) => deps.onNotEnqueued(command.requestId, fault));
    throw error;
  }
}

/** Only a request with a key can have been here before. */
async function earlierRequest({ idempotencyKey, requestId }: Command, { tickets }: AcceptDeps) {
  if (idempotencyKey === undefined) return undefined;
  return (await tickets.findByRequestId(requestId)) ?? (await tickets.findReplyByRequestId(requestId)) ?? (await tickets.findRejectionByRequestId(requestId));
}

function sameOrConflict(command: Command, fingerprint: string): Acceptance {
  return fingerprint === fingerprintOf(command) ? { kind: "accepted" } : { kind: "conflict", error: IDEMPOTENCY_CONFLICT };
}

function receiptOf(command: Command, now: Date): Receipt {
  return {
    _id: command.requestId,
    fingerprint: fingerprintOf(command),
    source: command.source,
    acceptedAt: now,
    commandJson: JSON.stringify(command),
    checkAt: new Date(now.getTime() + FIRST_CHECK_MS),
    requeued: 0,
  };
}
