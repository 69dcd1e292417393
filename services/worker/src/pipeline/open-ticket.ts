import {
  type AttachmentRef,
  type ErrorResult,
  fingerprintOf,
  IDEMPOTENCY_CONFLICT,
  identityOf,
  inOrderOfPrecedence,
  type OpenTicketCommand,
  type RejectionRecord,
  type RequestError,
  referenceError,
  type SuccessResult,
  type TicketDraft,
  type TicketRecord,
} from "@openticket/contract";
import { storeAttachments } from "./attachments.ts";
import { owedDeliveries } from "./outbox.ts";
import type { PipelineDeps } from "./ports.ts";
import { type ValidTicket, validate } from "./validate.ts";

/**
 * The story of a ticket: one command in, one outcome out.
 *
 * Safe to run any number of times for the same request, on any number of workers: what was decided first is found by
 * the request's identity and decided again in the same way. A rejection is looked for before validating, because
 * reference data may have changed since it was given; a ticket is looked for before rejecting, for the same reason.
 */

export type Outcome =
  | { kind: "opened"; ticket: TicketRecord; result: SuccessResult }
  /** Decided before: by an earlier run of this request, or by an earlier request with the same key. */
  | { kind: "duplicate"; result: SuccessResult | ErrorResult; ticket?: TicketRecord }
  | { kind: "rejected"; result: ErrorResult }
  /** The key was used before for a request with other content. */
  | { kind: "conflict"; result: ErrorResult };

/** Runs one command to its outcome. Throws only for faults that a later try may not meet. */
export async function openTicket(command: OpenTicketCommand, deps: PipelineDeps): Promise<Outcome> {
  const [earlierRejection, checked] = await Promise.all([deps.tickets.findRejection(identityOf(command)), validate(command, deps)]);
  if (earlierRejection) return repeatRejection(command, earlierRejection);

  const stored = await storeAttachments(command.ticket.attachments ?? [], deps);
  const errors = inOrderOfPrecedence([...checked.errors, ...stored.errors, ...(command.problems ?? [])]);
  if (checked.ticket === undefined || errors.length > 0) return reject(command, errors, deps);

  const draft = await makeDraft(command, checked.ticket, stored.attachments, deps);
  const commit = await deps.tickets.commit(draft);
  switch (commit.kind) {
    case "opened":
      return { kind: "opened", ticket: commit.ticket, result: successResult(command, commit.ticket) };
    case "exists":
      return repeatTicket(command, commit.ticket);
    case "out-of-numbers":
      return reject(command, [referenceError("no_ticket_number")], deps);
  }
}

async function makeDraft(command: OpenTicketCommand, ticket: ValidTicket, attachments: AttachmentRef[], deps: PipelineDeps): Promise<TicketDraft> {
  const { fields, department, createdAt } = ticket;
  const now = deps.now();
  const receivedAt = new Date(command.receivedAt);
  const outbox = await owedDeliveries(command, ticket, deps.directory);
  // Written out, field by field: copying objects is what a runtime is slow at.
  const draft: TicketDraft = {
    _id: identityOf(command),
    requestId: command.requestId,
    fingerprint: fingerprintOf(command),
    status: "Open",
    deptid: department.id,
    subject: fields.subject,
    message: fields.message,
    markdown: fields.markdown,
    priority: fields.priority,
    opener: fields.opener,
    customfields: fields.customfields,
    attachments,
    preventClientClosure: fields.preventClientClosure,
    createdAt: createdAt ?? receivedAt,
    receivedAt,
    openedAt: now,
    source: command.source,
    decisions: fields.decisions,
    outbox,
  };
  if (fields.service !== undefined) draft.service = fields.service;
  if (outbox.length > 0) draft.dueAt = new Date(now.getTime() + deps.rules.outboxGraceMs);
  return draft;
}

async function reject(command: OpenTicketCommand, errors: RequestError[], deps: PipelineDeps): Promise<Outcome> {
  const identity = identityOf(command);
  const earlierTicket = await deps.tickets.findByIdentity(identity);
  if (earlierTicket) return repeatTicket(command, earlierTicket);
  const now = deps.now();
  const rejection = await deps.tickets.reject({
    _id: identity,
    requestId: command.requestId,
    fingerprint: fingerprintOf(command),
    errors,
    source: command.source,
    receivedAt: new Date(command.receivedAt),
    rejectedAt: now,
    expiresAt: new Date(now.getTime() + deps.rules.rejectionRetentionMs),
  });
  if (rejection.kind === "exists") return repeatRejection(command, rejection.record);
  return { kind: "rejected", result: errorResult(command, errors) };
}

function repeatTicket(command: OpenTicketCommand, ticket: TicketRecord): Outcome {
  if (ticket.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", ticket, result: { ...successResult(command, ticket), ...markReplay(command, ticket) } };
}

function repeatRejection(command: OpenTicketCommand, rejection: RejectionRecord): Outcome {
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
