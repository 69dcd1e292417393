import {
  ADD_TICKET_REPLY_JOB,
  type AddTicketReplyCommand,
  INBOUND_MAIL_JOB,
  OPEN_TICKET_JOB,
  type OpenTicketCommand,
  type ReplyRecord,
  readCommand,
  readReplyCommand,
  type TicketRecord,
} from "@openticket/contract";
import type { Dispatcher } from "./outbox/dispatcher.ts";
import { addTicketReply } from "./pipeline/add-ticket-reply.ts";
import type { MailFacts } from "./pipeline/mail-facts.ts";
import { openTicket } from "./pipeline/open-ticket.ts";
import type { PipelineDeps } from "./pipeline/ports.ts";
import { type Action, type Actions, commandAction, type Decided } from "./queue/action.ts";

export interface ActionDeps {
  pipeline: PipelineDeps;
  /** Delivers what new tickets owe. */
  tickets: Pick<Dispatcher<TicketRecord>, "opened" | "delivered">;
  /** Delivers what new replies owe. */
  replies: Pick<Dispatcher<ReplyRecord>, "opened" | "delivered">;
}

/** Every job that the command queue may hold, by the lower-case name of its action; `mail` is that of messages that came in. */
export function makeActions(deps: ActionDeps & { mail: Action }): Actions {
  const actions: [string, Action][] = [
    [OPEN_TICKET_JOB, commandAction(readCommand, (command) => decideTicket(command, deps))],
    [ADD_TICKET_REPLY_JOB, commandAction(readReplyCommand, (command) => decideReply(command, deps))],
    [INBOUND_MAIL_JOB, deps.mail],
  ];
  return new Map(actions.map(([name, action]) => [name.toLowerCase(), action]));
}

/** The story of a ticket, and what may be delivered then. */
export async function decideTicket(
  command: OpenTicketCommand,
  { pipeline, tickets }: Pick<ActionDeps, "pipeline" | "tickets">,
  facts?: MailFacts,
): Promise<Decided> {
  const outcome = await openTicket(command, pipeline, facts);
  const { kind, result } = outcome;
  const ticket = kind === "opened" || kind === "duplicate" ? outcome.ticket : undefined;
  if (!ticket) return { kind, result };
  const decided: Decided = { kind, result, replied: () => tickets.delivered(ticket, "reply") };
  if (kind === "opened") decided.deliver = () => tickets.opened(ticket);
  return decided;
}

/** The story of a reply, and what may be delivered then. */
export async function decideReply(
  command: AddTicketReplyCommand,
  { pipeline, replies }: Pick<ActionDeps, "pipeline" | "replies">,
  facts?: MailFacts,
): Promise<Decided> {
  const outcome = await addTicketReply(command, pipeline, facts);
  const { kind, result } = outcome;
  const reply = kind === "added" || kind === "duplicate" ? outcome.reply : undefined;
  if (!reply) return { kind, result };
  replies.delivered(reply, "ticket");
  const decided: Decided = { kind, result, replied: () => replies.delivered(reply, "reply") };
  if (kind === "added") decided.deliver = () => replies.opened(reply);
  return decided;
}
