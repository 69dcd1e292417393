import type { TicketRecord } from "@openticket/contract";
import { summaryOf } from "./command-of-event.ts";
import type { EventInHand } from "./event-in-hand.ts";
import type { DecidedEvent, EventDeps, EventOutcome } from "./ports.ts";

/** A ticket for this event alone. Its request is the event's own: what an earlier run has opened, with whatever mapping, is found. */
export async function openAlone(event: EventInHand, deps: Pick<EventDeps, "openTicket" | "tickets">): Promise<DecidedEvent> {
  const { command, trace } = event;
  const opened = await deps.openTicket(command, { decisions: trace });
  const ticket = opened.kind === "rejected" ? undefined : await deps.tickets.findByIdentity(command.requestId);
  if (!ticket) return { noted: refused(event, opened.kind === "rejected" ? opened.message : "It was refused before, as it was mapped then") };
  return { noted: openedBy(event, ticket), ...(opened.kind === "stored" && { deliver: opened.deliver }) };
}

/** What is noted of an event that OpenTicket refuses. */
export function refused(event: EventInHand, text: string): EventOutcome {
  return { state: "refused", reason: { code: "invalid", text }, trace: event.trace, summary: summaryOf(event) };
}

/** What is noted of the event that a ticket was made of. */
export function openedBy(event: EventInHand, { id, tid }: Pick<TicketRecord, "id" | "tid">): EventOutcome {
  const reason = { code: "ticket_opened", text: `Opened ticket ${tid}` };
  return { state: "ticket", reason, trace: event.trace, ticket: { id, tid }, summary: summaryOf(event) };
}
