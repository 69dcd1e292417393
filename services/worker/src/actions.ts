import { OPEN_TICKET_JOB, type OpenTicketCommand, readCommand } from "@openticket/contract";
import type { Dispatcher } from "./outbox/dispatcher.ts";
import { openTicket } from "./pipeline/open-ticket.ts";
import type { PipelineDeps } from "./pipeline/ports.ts";
import { type Actions, commandAction, type Decided } from "./queue/action.ts";

export interface ActionDeps {
  pipeline: PipelineDeps;
  /** Delivers what new tickets owe. */
  tickets: Pick<Dispatcher, "opened" | "replied">;
}

/** Every job that the command queue may hold, by the lower-case name of its action. */
export function makeActions(deps: ActionDeps): Actions {
  return new Map([[OPEN_TICKET_JOB.toLowerCase(), commandAction(readCommand, (command) => decideTicket(command, deps))]]);
}

async function decideTicket(command: OpenTicketCommand, { pipeline, tickets }: ActionDeps): Promise<Decided> {
  const outcome = await openTicket(command, pipeline);
  const { kind, result } = outcome;
  const ticket = kind === "opened" || kind === "duplicate" ? outcome.ticket : undefined;
  if (!ticket) return { kind, result };
  const decided: Decided = { kind, result, replied: () => tickets.replied(ticket) };
  if (kind === "opened") decided.deliver = () => tickets.opened(ticket);
  return decided;
}
