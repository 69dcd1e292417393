import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  type CommandResult,
  INBOUND_EVENT_JOB,
  INBOUND_MAIL_JOB,
  OPEN_TICKET_JOB,
  type OpenTicketCommand,
  type RejectionRecord,
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

interface News {
  rejected(rejection: RejectionRecord): Promise<void>;
  replied(reply: ReplyRecord): Promise<void>;
  statusChanged(ticketId: number): Promise<void>;
}

export interface ActionDeps {
  pipeline: PipelineDeps;
  /** Delivers what new tickets owe. */
  tickets: Pick<Dispatcher<TicketRecord>, "opened" | "delivered">;
  /** Delivers what new replies owe. */
  replies: Pick<Dispatcher<ReplyRecord>, "opened" | "delivered">;
  /** Tells of what was rejected, and of what a reply or an event did to its ticket; never throws. Absent: nobody hears of it. */
  news?: News | undefined;
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
    decide: (command, options) => decideReply(command, options, deps),
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

/** For what came in, which is decided twice after a crash, when what it is decided by may have changed; and many events may open one ticket at once. */
export const MAYBE_AGAIN: RunOptions = { mayHaveTwin: () => true };

/** Why a request was refused, for people. */
export function refusalOf(result: CommandResult | undefined): string {
  return typeof result?.message === "string" ? result.message : "It was refused";
}

/** The story of a ticket, and what may be delivered then. */
export async function decideTicket(
  command: OpenTicketCommand,
  options: RunOptions,
  deps: Pick<ActionDeps, "pipeline" | "tickets" | "news">,
  facts?: MailFacts,
): Promise<Decided> {
  return ofOutcome(command, await openTicket(command, options, deps.pipeline, facts), deps);
}

function ofOutcome(command: OpenTicketCommand, outcome: Outcome, deps: Pick<ActionDeps, "tickets" | "news">): Decided;
function ofOutcome(command: OpenTicketCommand, outcome: Outcome | undefined, deps: Pick<ActionDeps, "tickets" | "news">): Decided | undefined;
function ofOutcome(command: OpenTicketCommand, outcome: Outcome | undefined, { tickets, news }: Pick<ActionDeps, "tickets" | "news">): Decided | undefined {
  if (!outcome) return undefined;
  const { kind, result } = outcome;
  const ticket = kind === "opened" || kind === "duplicate" ? outcome.ticket : undefined;
  if (!ticket) return refused(outcome, news);
  const decided: Decided = { kind, result, outcome: "ticket", replied: () => tickets.delivered(ticket, isReplyTo(command)) };
  if (kind === "opened") decided.deliver = () => tickets.opened(outcome.ticket);
  return decided;
}

/** The story of a reply, and what may be delivered then. */
export async function decideReply(
  command: AddTicketReplyCommand,
  options: RunOptions,
  deps: Pick<ActionDeps, "pipeline" | "replies" | "news">,
  facts?: MailFacts,
): Promise<Decided> {
  return ofReplyOutcome(command, await addTicketReply(command, options, deps.pipeline, facts), deps);
}

function ofReplyOutcome(command: AddTicketReplyCommand, outcome: ReplyOutcome, deps: Pick<ActionDeps, "replies" | "news">): Decided;
function ofReplyOutcome(command: AddTicketReplyCommand, outcome: ReplyOutcome | undefined, deps: Pick<ActionDeps, "replies" | "news">): Decided | undefined;
function ofReplyOutcome(
  command: AddTicketReplyCommand,
  outcome: ReplyOutcome | undefined,
  { replies, news }: Pick<ActionDeps, "replies" | "news">,
): Decided | undefined {
  if (!outcome) return undefined;
  const { kind, result } = outcome;
  const reply = kind === "added" || kind === "duplicate" ? outcome.reply : undefined;
  if (!reply) return refused(outcome, news);
  // One that was only found may be without its effect still: the relay sees to that.
  if (kind === "added") replies.delivered(reply, (entry) => entry.kind === "ticket");
  const decided: Decided = { kind, result, outcome: "reply", replied: () => replies.delivered(reply, isReplyTo(command)) };
  if (kind === "added") decided.deliver = () => tellOfReply(outcome.reply, { replies, news });
  return decided;
}

async function tellOfReply(reply: ReplyRecord, { replies, news }: Pick<ActionDeps, "replies" | "news">): Promise<void> {
  await replies.opened(reply);
  await news?.replied(reply);
}

function refused(outcome: Outcome | ReplyOutcome, news: News | undefined): Decided {
  const { kind, result } = outcome;
  if (kind === "conflict") return { kind, result };
  const decided: Decided = { kind, result, outcome: "rejection" };
  if (kind === "rejected" && news) decided.deliver = () => news.rejected(outcome.rejection);
  return decided;
}
