import {
  ADD_TICKET_REPLY_JOB,
  actionOf,
  type Command,
  type CommandResult,
  fingerprintOf,
  IDEMPOTENCY_CONFLICT,
  type RequestError,
  receiptOf,
  resultOfErrors,
  resultOfReply,
  resultOfTicket,
  type StandingReceipt,
} from "@openticket/contract";
import { type CommandQueue, type ReceiptStore, ReplyLate, type TicketReader } from "./ports.ts";

/**
 * What a door promises, and when.
 *
 * An answer with ids rests on the stored ticket. An answer before the outcome is known rests on a **receipt**: the command
 * is in MongoDB before the caller is told so, and the recovery puts it into the queue again when Redis has lost it.
 */
export interface AcceptDeps {
  queue: Pick<CommandQueue, "submit" | "submitAndWait" | "isUnderWay">;
  receipts: ReceiptStore;
  tickets: Omit<TicketReader, "findById" | "findReply" | "repliesOf" | "occurrencesOf">;
  /** `store`: a receipt first. `queue`: as durable as Redis alone, and cheaper. */
  asyncDurability: "store" | "queue";
  /** How long a caller waits for its outcome, ms. */
  replyTimeoutMs: number;
  now(): Date;
  /** Of a clock that never goes back, ms. */
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** A command with a receipt did not reach the queue; the recovery will see to it. */
  onNotEnqueued(requestId: string, error: unknown): void;
  /** A receipt that goes on when its caller has the answer, and never rejects: a door that closes waits for it. */
  beside(receipt: Promise<void>, command: Command): void;
}

/**
 * How long a late caller's answer waits for the receipt, ms: the store may take half a minute, and beside the 25 s of the outcome
 * callers' own 30 s leave little.
 */
const RECEIPT_WAIT_MS = 2000;

/** How often it is looked for the outcome of a request that was sent before, ms; the looks of all callers are one query. */
const LOOK_INTERVAL_MS = 500;

export type Acceptance = { kind: "accepted" } | { kind: "conflict"; error: RequestError };

/** Accepts a request whose caller does not wait. Throws on an outage: then nothing is promised. {@link ReplyLate}: the queue may have it. */
export async function accept(command: Command, deps: AcceptDeps): Promise<Acceptance> {
  if (deps.asyncDurability === "queue") return acceptInQueue(command, deps);
  const earlier = await earlierRequest(command, deps);
  if (earlier) return sameOrConflict(command, earlier.fingerprint);
  const marked: Command = { ...command, hasReceipt: true };
  const standing = await keepReceipt(marked, deps);
  if (standing) return sameOrConflict(command, standing.fingerprint);
  deps.queue.submit(marked).catch((error: unknown) => deps.onNotEnqueued(command.requestId, error));
  return { kind: "accepted" };
}

async function acceptInQueue(command: Command, deps: AcceptDeps): Promise<Acceptance> {
  try {
    await deps.queue.submit(command);
    return { kind: "accepted" };
  } catch (error) {
    if (error instanceof ReplyLate) await giveReceipt(command, deps);
    throw error;
  }
}

/**
 * Hands the command over and waits for its outcome. Throws {@link ReplyLate} when that is late, also where it is not known whether
 * the queue has it: then it has a receipt, or gets one beside the answer, if the store can take one.
 */
export async function handOverAndWait(command: Command, deps: AcceptDeps): Promise<CommandResult> {
  try {
    if (command.idempotencyKey !== undefined && (await deps.queue.isUnderWay(command))) return await awaitEarlier(command, deps);
    return await deps.queue.submitAndWait(command, { timeoutMs: deps.replyTimeoutMs });
  } catch (error) {
    if (error instanceof ReplyLate) await giveReceipt(command, deps);
    throw error;
  }
}

/**
 * Waits for the outcome of the job that an earlier call has left in the queue.
 *
 * Callers who come back with their key after a 503 would otherwise add a job each time: a queue that has fallen behind
 * would be filled faster than it is worked off, with jobs that nobody waits for, and would never recover.
 */
async function awaitEarlier(command: Command, { tickets, ...deps }: AcceptDeps): Promise<CommandResult> {
  const { requestId } = command;
  const deadlineMs = deps.nowMs() + deps.replyTimeoutMs;
  while (deps.nowMs() < deadlineMs) {
    const [ticket, reply, rejection] = await Promise.all([
      tickets.findByIdentity(requestId),
      actionOf(command) === ADD_TICKET_REPLY_JOB ? tickets.findReplyByRequestId(requestId) : undefined,
      tickets.findRejection(requestId),
    ]);
    if (reply) return resultOf(command, reply.fingerprint, resultOfReply({ requestId }, reply));
    if (ticket) return resultOf(command, ticket.fingerprint, resultOfTicket({ requestId }, ticket));
    if (rejection) return resultOf(command, rejection.fingerprint, resultOfErrors({ requestId }, rejection.errors));
    await deps.sleep(LOOK_INTERVAL_MS);
  }
  throw new ReplyLate(requestId);
}

function resultOf(command: Command, fingerprint: string, result: CommandResult): CommandResult {
  return fingerprint === fingerprintOf(command) ? { ...result, replayed: true } : resultOfErrors({ requestId: command.requestId }, [IDEMPOTENCY_CONFLICT]);
}

/** Gives a request that is late its receipt, which goes on beside the answer where the store is slow. Never throws. */
async function giveReceipt(command: Command, deps: AcceptDeps): Promise<void> {
  const given = keepReceipt(command, deps).then(
    () => undefined,
    (fault: unknown) => deps.onNotEnqueued(command.requestId, fault),
  );
  deps.beside(given, command);
  await Promise.race([given, deps.sleep(RECEIPT_WAIT_MS)]);
}

/**
 * Gives the request its receipt; the one that stands there already, if that is of the same request. A receipt outlives
 * the rejection that it was decided with: then the key is free again, and so is the receipt.
 */
async function keepReceipt(command: Command, deps: AcceptDeps): Promise<StandingReceipt | undefined> {
  const receipt = receiptOf(command, deps.now());
  const accepted = await deps.receipts.accept(receipt);
  if (accepted.kind === "accepted") return undefined;
  if (accepted.receipt.decidedAt === undefined || (await hasOutcome(command, deps))) return accepted.receipt;
  await deps.receipts.reopen(receipt);
  return undefined;
}

async function hasOutcome(command: Command, deps: AcceptDeps): Promise<boolean> {
  const outcome = (await earlierRequest(command, deps)) ?? (await deps.tickets.findDeadLetter(command.requestId));
  return outcome !== undefined;
}

/** Only a request with a key can have been here before. */
async function earlierRequest({ idempotencyKey, requestId }: Command, { tickets }: AcceptDeps) {
  if (idempotencyKey === undefined) return undefined;
  return (await tickets.findByRequestId(requestId)) ?? (await tickets.findReplyByRequestId(requestId)) ?? (await tickets.findRejectionByRequestId(requestId));
}

function sameOrConflict(command: Command, fingerprint: string): Acceptance {
  return fingerprint === fingerprintOf(command) ? { kind: "accepted" } : { kind: "conflict", error: IDEMPOTENCY_CONFLICT };
}
