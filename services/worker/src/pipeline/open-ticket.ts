import {
  type AttachmentRef,
  fingerprintOf,
  identityOf,
  inOrderOfPrecedence,
  type OpenTicketCommand,
  type RequestError,
  referenceError,
  resultOfTicket,
  type TicketDraft,
  type TicketRecord,
} from "@openticket/contract";
import { storeAttachments } from "./attachments.ts";
import { type MailFacts, withFacts } from "./mail-facts.ts";
import { owedDeliveries } from "./outbox.ts";
import { conflict, type RunOptions, repeatRejection, storeRejection } from "./outcomes.ts";
import { owedEvent } from "./owed-event.ts";
import type { PipelineDeps } from "./ports.ts";
import { type Outcome, repeatTicket } from "./ticket-outcome.ts";
import { type ValidTicket, validate } from "./validate.ts";

/**
 * The story of a ticket: one command in, one outcome out.
 *
 * Safe to run any number of times for the same request, on any number of workers: what was decided first is found by
 * the request's identity and decided again in the same way. A rejection is looked for before validating, because
 * reference data may have changed since it was given; a ticket is looked for with the rejection, for the same reason.
 */

/** Runs one command to its outcome, with what a mail that it was made of adds. Throws only for faults that a later try may not meet. */
export async function openTicket(command: OpenTicketCommand, { mayHaveTwin }: RunOptions, deps: PipelineDeps, facts?: MailFacts): Promise<Outcome> {
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
  if (commit.kind === "out-of-numbers") return reject(command, [referenceError("no_ticket_number")], deps);
  const isOurs = commit.kind === "opened";
  const rejection = mayHaveTwin() ? await deps.tickets.giveWay(commit.ticket, { isOurs }) : undefined;
  if (rejection) return repeatRejection(command, rejection);
  return isOurs ? opened(command, commit.ticket) : repeatTicket(command, commit.ticket);
}

function opened(command: OpenTicketCommand, ticket: TicketRecord): Outcome {
  return { kind: "opened", ticket, result: resultOfTicket(command, ticket) };
}

async function makeDraft(command: OpenTicketCommand, ticket: ValidTicket, attachments: AttachmentRef[], deps: PipelineDeps): Promise<TicketDraft> {
  const { fields, department, createdAt } = ticket;
  const now = deps.now();
  const receivedAt = new Date(command.receivedAt);
  const outbox = await owedDeliveries(command, ticket, deps.directory);
  outbox.push(...owedEvent("ticket.opened", identityOf(command), { at: now }, deps.wantsEvent));
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
  const refusal = await storeRejection(command, errors, deps);
  if (refusal.kind === "added") return conflict(command);
  return refusal.kind === "opened" ? repeatTicket(command, refusal.ticket) : refusal;
}
