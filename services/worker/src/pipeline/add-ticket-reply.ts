import {
  type AddTicketReplyCommand,
  type AttachmentRef,
  fingerprintOf,
  identityOf,
  inOrderOfPrecedence,
  REPLY_PRECEDENCE,
  type ReplyAddedResult,
  type ReplyDraft,
  type ReplyRecord,
  type RequestError,
  replyError,
  resultOfReply,
  type StandingReply,
} from "@openticket/contract";
import { storeAttachments } from "./attachments.ts";
import { type MailFacts, withFacts } from "./mail-facts.ts";
import { owedByReply } from "./outbox.ts";
import { conflict, markReplay, type Refusal, type RunOptions, repeatRejection, storeRejection } from "./outcomes.ts";
import { owedEvent } from "./owed-event.ts";
import type { PipelineDeps } from "./ports.ts";
import { type ValidReply, validateReply } from "./validate-reply.ts";

/**
 * The story of a reply: one command in, one outcome out. Safe to run any number of times, as that of a ticket is
 * (open-ticket.ts): one reply per identity, and its ticket changed once, whichever run did it.
 */

export type ReplyOutcome =
  | { kind: "added"; reply: ReplyRecord; result: ReplyAddedResult }
  /** Added before: by an earlier run of this request, or by an earlier request with the same key. */
  | { kind: "duplicate"; reply: StandingReply; result: ReplyAddedResult }
  | Refusal;

/** Runs one command to its outcome, with what a mail that it was made of adds. Throws only for faults that a later try may not meet. */
export async function addTicketReply(command: AddTicketReplyCommand, options: RunOptions, deps: PipelineDeps, facts?: MailFacts): Promise<ReplyOutcome> {
  const identity = identityOf(command);
  const [earlierRejection, checked, otherUse] = await Promise.all([
    deps.tickets.findRejection(identity),
    validateReply(command, deps),
    command.idempotencyKey === undefined ? undefined : deps.tickets.findByIdentity(identity),
  ]);
  if (earlierRejection) return repeatRejection(command, earlierRejection);
  if (otherUse) return conflict(command);

  const stored = await storeAttachments(command.ticket.attachments ?? [], deps);
  const errors = inOrderOfPrecedence([...checked.errors, ...stored.errors, ...(command.problems ?? [])], REPLY_PRECEDENCE);
  if (checked.reply === undefined || errors.length > 0) return reject(command, errors, deps);

  const added = await deps.replies.add(withFacts(await makeDraft(command, checked.reply, stored.attachments, deps), facts), options);
  switch (added.kind) {
    case "added":
      return { kind: "added", reply: added.reply, result: resultOfReply(command, added.reply) };
    case "exists":
      return repeatReply(command, added.reply);
    case "rejected":
      return repeatRejection(command, added.record);
    case "ticket-gone":
      return reject(command, [replyError("ticket_not_found")], deps);
  }
}

async function makeDraft(command: AddTicketReplyCommand, reply: ValidReply, attachments: AttachmentRef[], deps: PipelineDeps): Promise<ReplyDraft> {
  const { fields, createdAt } = reply;
  const now = deps.now();
  const news = owedEvent("ticket.reply.added", identityOf(command), { at: now }, deps.wantsEvent);
  return {
    ...fields,
    _id: identityOf(command),
    requestId: command.requestId,
    fingerprint: fingerprintOf(command),
    attachments,
    createdAt: createdAt ?? new Date(command.receivedAt),
    receivedAt: new Date(command.receivedAt),
    addedAt: now,
    source: command.source,
    outbox: [...(await owedByReply(command, reply, deps.directory)), ...news],
    // Something is always owed: that the ticket learns of its reply.
    dueAt: new Date(now.getTime() + deps.rules.outboxGraceMs),
    ...(deps.wantsEvent?.("ticket.status.changed") && { tellsOfStatus: true as const }),
  };
}

async function reject(command: AddTicketReplyCommand, errors: RequestError[], deps: PipelineDeps): Promise<ReplyOutcome> {
  const refusal = await storeRejection(command, errors, deps);
  if (refusal.kind === "opened") return conflict(command);
  return refusal.kind === "added" ? repeatReply(command, refusal.reply) : refusal;
}

/** What is decided of a request already; undefined when nothing is. Tries nothing. */
export async function recallReply(
  command: AddTicketReplyCommand,
  { tickets, replies }: Pick<PipelineDeps, "tickets" | "replies">,
): Promise<ReplyOutcome | undefined> {
  const identity = identityOf(command);
  const [reply, rejection] = await Promise.all([replies.findByIdentity(identity), tickets.findRejection(identity)]);
  if (reply) return repeatReply(command, reply);
  return rejection && repeatRejection(command, rejection);
}

function repeatReply(command: AddTicketReplyCommand, reply: StandingReply): ReplyOutcome {
  if (reply.fingerprint !== fingerprintOf(command)) return conflict(command);
  return { kind: "duplicate", reply, result: { ...resultOfReply(command, reply), ...markReplay(command, reply) } };
}
