import type { Decision, TicketRecord } from "@openticket/contract";

/** What a mail, or an event, adds to the ticket or reply that it becomes, beyond the parameters of the call. */
export interface MailFacts {
  /** What was decided about it before. */
  decisions: Decision[];
  /** Its whole text, where the message is only what was new. */
  fullText?: string;
  /** The closed ticket that it answers. */
  linkedTo?: NonNullable<TicketRecord["linkedTo"]>;
  /** The event that it is made of, where others may count for the same ticket. */
  lastEvent?: NonNullable<TicketRecord["lastEvent"]>;
}

/** The draft with what the mail adds; what was decided about the mail stands first. */
export function withFacts<T extends { decisions: Decision[] }>(draft: T, facts: MailFacts | undefined): T {
  return facts === undefined ? draft : { ...draft, ...facts, decisions: [...facts.decisions, ...draft.decisions] };
}
