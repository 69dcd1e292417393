import {
  type Command,
  type ErrorResult,
  fingerprintOf,
  IDEMPOTENCY_CONFLICT,
  identityOf,
  type RejectionRecord,
  type RequestError,
  resultOfErrors,
} from "@openticket/contract";
import { owedEvent } from "./owed-event.ts";
import type { PipelineDeps, Rejection } from "./ports.ts";

/** What the caller knows of a run. */
export interface RunOptions {
  /**
   * Asked once something is stored: whether the same request may be decided elsewhere at this moment. Then it is made
   * sure that it was not rejected there.
   */
  mayHaveTwin(): boolean;
}

/** How a request ends that adds nothing, whatever its action. */
export type Refusal =
  | { kind: "rejected"; result: ErrorResult; rejection: RejectionRecord }
  /** Rejected before: by an earlier run of this request, or by an earlier request with the same key. */
  | { kind: "duplicate"; result: ErrorResult; ticket?: undefined; reply?: undefined }
  /** The key was used before for a request with other content. */
  | { kind: "conflict"; result: ErrorResult };

/** Keeps the rejection, so that a repetition gets the same answer; `opened`, `added`: the request, or another with its key, has a ticket or a reply. */
export async function storeRejection(
  command: Command,
  errors: RequestError[],
  deps: PipelineDeps,
): Promise<Refusal | Extract<Rejection, { kind: "opened" | "added" }>> {
  const now = deps.now();
  const outbox = owedEvent("request.rejected", identityOf(command), { at: now, ...departmentOf(command) }, deps.wantsEvent);
  const rejection = await deps.tickets.reject({
    _id: identityOf(command),
    requestId: command.requestId,
    fingerprint: fingerprintOf(command),
    errors,
    source: command.source,
    receivedAt: new Date(command.receivedAt),
    rejectedAt: now,
    expiresAt: new Date(now.getTime() + deps.rules.rejectionRetentionMs),
    ...(outbox.length > 0 && { outbox, dueAt: new Date(now.getTime() + deps.rules.outboxGraceMs) }),
  });
  switch (rejection.kind) {
    case "rejected":
      return { kind: "rejected", result: resultOfErrors(command, errors), rejection: rejection.record };
    case "exists":
      return repeatRejection(command, rejection.record);
    case "opened":
    case "added":
      return rejection;
  }
}

/** The department that a rejected request names, if it does; a reply names none. */
function departmentOf({ ticket }: Command): { deptid?: number } {
  const deptid = "deptid" in ticket ? Number(ticket.deptid) : Number.NaN;
  return Number.isSafeInteger(deptid) ? { deptid } : {};
}

/** The answer that a stored rejection gives to this command. */
export function repeatRejection(command: Command, rejection: RejectionRecord): Refusal {
  if (rejection.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", result: { ...resultOfErrors(command, rejection.errors), ...markReplay(command, rejection) } };
}

/** A second run of one submission is no replay: its requester has not had an answer yet. */
export function markReplay(command: Command, decided: { receivedAt: Date }): { replayed?: true } {
  return decided.receivedAt.getTime() === Date.parse(command.receivedAt) ? {} : { replayed: true };
}

/** The command's key stands for another request. */
export function conflict(command: Command): Refusal {
  return { kind: "conflict", result: resultOfErrors(command, [IDEMPOTENCY_CONFLICT]) };
}
