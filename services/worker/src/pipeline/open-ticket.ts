import {
  type AttachmentRef,
  fingerprintOf,
  identityOf,
  inOrderOfPrecedence,
  type OpenTicketCommand,
  type RequestError,
  referenceError,
  type SuccessResult,
  type TicketDraft,
  type TicketRecord,
} from "@openticket/contract";
import { storeAttachments } from "./attachments.ts";
import { type MailFacts, withFacts } from "./mail-facts.ts";
import { owedDeliveries } from "./outbox.ts";
import { type Addressed, address, conflict, markReplay, type Refusal, repeatRejection, storeRejection } from "./outcomes.ts";
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
  | { kind: "duplicate"; result: SuccessResult; ticket: TicketRecord }
  | Refusal;

/** Runs one command to its outcome, with what a mail that it was made of adds. Throws only for faults that a later try may not meet. */
export async function openTicket(command: OpenTicketCommand, deps: PipelineDeps, facts?: MailFacts): Promise<Outcome> {
  const [earlierRejection, checked, otherUse] = await Promise.all([
    deps.tickets.findRejection(identityOf(command)),
    validate(command, deps),
    // Only a key of the requester's own choice can have named a request of another action.
    command.idempotencyKey === undefined ? undefined : deps.replies.findByIdentity(identityOf(command)),
  ]);
  if (earlierRejection) return repeatRejection(command, earlierRejection);
  if (otherUse) return conflict(command);

  const stored = await storeAttachments(command.ticket.attachments ?? [], deps);
  const errors = inOrderOfPrecedence([...checked.errors, ...stored.errors, ...(command.problems ?? [])]);
  if (checked.ticket === undefined || errors.length > 0) return reject(command, errors, deps);

  const draft = withFacts(await makeDraft(command, checked.ticket, stored.attachments, deps), facts);
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
  const outbox = await owedDeliveries(command, ticket, deps.directory);
  // Written out, and without leaving fields out of a copy: that is what a runtime is slow at.
  const draft: TicketDraft = {
    ...fields,
    _id: identityOf(command),
    requestId: command.requestId,
    fingerprint: fingerprintOf(command),
    status: "Open",
    deptid: department.id,
    attachments,
    createdAt: createdAt ?? new Date(command.receivedAt),
    receivedAt: new Date(command.receivedAt),
    openedAt: now,
    source: command.source,
    outbox,
  };
  if (outbox.length > 0) draft.dueAt = new Date(now.getTime() + deps.rules.outboxGraceMs);
  return draft;
}

async function reject(command: OpenTicketCommand, errors: RequestError[], deps: PipelineDeps): Promise<Outcome> {
  const earlierTicket = await deps.tickets.findByIdentity(identityOf(command));
  return earlierTicket ? repeatTicket(command, earlierTicket) : storeRejection(command, errors, deps);
}

function repeatTicket(command: OpenTicketCommand, ticket: TicketRecord): Outcome {
  if (ticket.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", ticket, result: { ...successResult(command, ticket), ...markReplay(command, ticket) } };
}

/** The reply for a stored ticket. */
export function successResult(request: Addressed, ticket: Pick<TicketRecord, "id" | "tid" | "c">): SuccessResult {
  return { ...address(request), result: "success", id: ticket.id, tid: ticket.tid, c: ticket.c };
}
