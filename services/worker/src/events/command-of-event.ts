import { CONTRACT_VERSION, type EventDefaults, type InboundRecord, type OpenTicketCommand } from "@openticket/contract";
import { ticketOfEvent } from "@openticket/webhooks";
import type { EventInHand } from "./event-in-hand.ts";

/** Makes the command of an event of what its mapping yields and the defaults of its source. */
export function commandOfEvent(params: Readonly<Record<string, unknown>>, defaults: EventDefaults | undefined, record: InboundRecord): OpenTicketCommand {
  const { ticket, problems } = ticketOfEvent(params, defaults);
  const { ip, webhook } = record.source;
  return {
    v: CONTRACT_VERSION,
    requestId: record.requestId,
    source: { channel: "webhook", inboundId: record._id, webhook: webhook?.source, ...(ip !== undefined && { ip }) },
    receivedAt: record.receivedAt.toISOString(),
    ticket,
    ...(problems.length > 0 && { problems }),
  };
}

/** The same command under the name of another request, for events that share a ticket. */
export function inTheNameOf(requestId: string, { command }: Pick<EventInHand, "command">): OpenTicketCommand {
  return { ...command, requestId };
}

/** Longest texts of a list, in characters. */
const MAX_SUMMARY = 300;

/** What a list shows of an event. */
export function summaryOf(
  { record, command }: Pick<EventInHand, "record" | "command">,
  subject = command.ticket.subject,
): NonNullable<InboundRecord["summary"]> {
  const shown = (text: string) => text.slice(0, MAX_SUMMARY).toWellFormed();
  return { from: shown(command.ticket.email ?? record.source.webhook?.source ?? ""), subject: shown(subject ?? ""), kind: "event" };
}
