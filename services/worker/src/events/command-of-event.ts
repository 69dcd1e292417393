import { CONTRACT_VERSION, decodeTicketParams, type EventDefaults, type InboundRecord, type OpenTicketCommand } from "@openticket/contract";
import type { EventInHand } from "./event-in-hand.ts";

/** Makes the command of an event: what its mapping yields, over the defaults of its source. A mapping may yield any encoding of the call. */
export function commandOfEvent(params: Readonly<Record<string, unknown>>, defaults: EventDefaults = {}, record: InboundRecord): OpenTicketCommand {
  const { ticket, problems } = decodeTicketParams({ noemail: true, ...openerOf(params, defaults), ...without(defaults, ["name", "email"]), ...params });
  return {
    v: CONTRACT_VERSION,
    requestId: record.requestId,
    source: {
      channel: "webhook",
      inboundId: record._id,
      webhook: record.source.webhook?.source,
      ...(record.source.ip !== undefined && { ip: record.source.ip }),
    },
    receivedAt: record.receivedAt.toISOString(),
    ticket,
    ...(problems.length > 0 && { problems }),
  };
}

/** Name and address go together: those of the defaults do not stand beside somebody else's. */
function openerOf(params: Readonly<Record<string, unknown>>, { name, email }: EventDefaults): Pick<EventDefaults, "name" | "email"> {
  const isNamed = ["clientid", "userid", "contactid", "email"].some((id) => params[id] !== undefined && params[id] !== "");
  if (isNamed) return {};
  return { ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
}

function without<T extends object>(given: T, names: readonly (keyof T)[]): Partial<T> {
  const entries = Object.entries(given).filter(([name, value]) => value !== undefined && !names.includes(name as keyof T));
  return Object.fromEntries(entries) as Partial<T>;
}

/** The same command under the name of another request, for events that share a ticket. */
export function inTheNameOf(requestId: string, { command }: Pick<EventInHand, "command">): OpenTicketCommand {
  return { ...command, requestId };
}

/** What a list shows of an event. */
export function summaryOf(
  { record, command }: Pick<EventInHand, "record" | "command">,
  subject = command.ticket.subject,
): NonNullable<InboundRecord["summary"]> {
  const shown = (text: string) => text.slice(0, MAX_SUMMARY).toWellFormed();
  return { from: shown(command.ticket.email ?? record.source.webhook?.source ?? ""), subject: shown(subject ?? ""), kind: "event" };
}

/** Longest texts of a list, in characters. */
const MAX_SUMMARY = 300;
