import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  INBOUND_EVENT_JOB,
  INBOUND_MAIL_JOB,
  OPEN_TICKET_JOB,
  type OpenTicketCommand,
  type ReplyRecord,
  readCommand,
  readReplyCommand,
  type TicketRecord,
} from "@openticket/contract";
import type { Dispatcher } from "./outbox/dispatcher.ts";
import { addTicketReply, type ReplyOutcome, recallReply } from "./pipeline/add-ticket-reply.ts";
import type { MailFacts } from "./pipeline/mail-facts.ts";
import { openTicket } from "./pipeline/open-ticket.ts";
import { isReplyTo } from "./pipeline/outbox.ts";
import type { PipelineDeps } from "./pipeline/ports.ts";

import { type Outcome, recallTicket } from "./pipeline/ticket-outcome.ts";
import { type Action, type Actions, commandAction, type Decided, type RunOptions } from "./queue/action.ts";

export interface ActionDeps {
  pipeline: PipelineDeps;
  /** Delivers what new tickets owe. */
  tickets: Pick<Dispatcher<TicketRecord>, "opened" | "delivered">;
  /** Delivers what new replies owe. */
  replies: Pick<Dispatcher<ReplyRecord>, "opened" | "delivered">;
}

/** Every job that the command queue may hold, by the lower-case name of its action; `mail` and `events` are those of what came in. */
export function makeActions(deps: ActionDeps & { mail: Action; events: Action }): Actions {
  const ofTicket = commandAction({
    read: readCommand,
    decide: (command, options) => decideTicket(command, options, deps),
    recall: async (command) => ofOutcome(command, await recallTicket(command, deps.pipeline), deps),
  });
  const ofReply = commandAction({
    read: readReplyCommand,
    decide: (command) => decideReply(command, deps),
    recall: async (command) => ofReplyOutcome(command, await recallReply(command, deps.pipeline), deps),
  });
  const actions: [string, Action][] = [
    [OPEN_TICKET_JOB, ofTicket],
    [ADD_TICKET_REPLY_JOB, ofReply],
    [INBOUND_MAIL_JOB, deps.mail],
    [INBOUND_EVENT_JOB, deps.events],
  ];
  return new Map(actions.map(([name, action]) => [name.toLowerCase(), action]));
}

/** The story of a ticket, and what may be delivered then. */
export async function decideTicket(
  command: OpenTicketCommand,
  options: RunOptions,
  deps: Pick<ActionDeps, "pipeline" | "tickets">,
  facts?: MailFacts,
): Promise<Decided> {
  return ofOutcome(command, await openTicket(command, options, deps.pipeline, facts), deps);
}

function ofOutcome(command: OpenTicketCommand, outcome: Outcome, deps: Pick<ActionDeps, "tickets">): Decided;
function ofOutcome(command: OpenTicketCommand, outcome: Outcome | undefined, deps: Pick<ActionDeps, "tickets">): Decided | undefined;
function ofOutcome(command: OpenTicketCommand, outcome: Outcome | undefined, { tickets }: Pick<ActionDeps, "tickets">): Decided | undefined {
  if (!outcome) return undefined;
  const { kind, result } = outcome;
  const ticket = kind === "opened" || kind === "duplicate" ? outcome.ticket : undefined;
  if (!ticket) return refused(outcome);
  const decided: Decided = { kind, result, outcome: "ticket", replied: () => tickets.delivered(ticket, isReplyTo(command)) };
  if (kind === "opened") decided.deliver = () => tickets.opened(ticket);
  return decided;
}

/** The story of a reply, and what may be delivered then. */
export async function decideReply(command: AddTicketReplyCommand, deps: Pick<ActionDeps, "pipeline" | "replies">, facts?: MailFacts): Promise<Decided> {
  return ofReplyOutcome(command, await addTicketReply(command, deps.pipeline, facts), deps);
}

function ofReplyOutcome(command: AddTicketReplyCommand, outcome: ReplyOutcome, deps: Pick<ActionDeps, "replies">): Decided;
function ofReplyOutcome(command: AddTicketReplyCommand, outcome: ReplyOutcome | undefined, deps: Pick<ActionDeps, "replies">): Decided | undefined;
function ofReplyOutcome(command: AddTicketReplyCommand, outcome: ReplyOutcome | undefined, { replies }: Pick<ActionDeps, "replies">): Decided | undefined {
  if (!outcome) return undefined;
  const { kind, result } = outcome;
  const reply = kind === "added" || kind === "duplicate" ? outcome.reply : undefined;
  if (!reply) return refused(outcome);
  replies.delivered(reply, (entry) => entry.kind === "ticket");
  const decided: Decided = { kind, result, outcome: "reply", replied: () => replies.delivered(reply, isReplyTo(command)) };
  if (kind === "added") decided.deliver = () => replies.opened(reply);
  return decided;
}

function refused({ kind, result }: Outcome | ReplyOutcome): Decided {
  return kind === "conflict" ? { kind, result } : { kind, result, outcome: "rejection" };
}
