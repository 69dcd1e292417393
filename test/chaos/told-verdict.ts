import { groupBy, type StoredTicket } from "./count.ts";

/** What an endpoint was told by one call. */
export interface ToldEvent {
  eventId: string;
  /** The ticket that it says was opened. */
  ticket?: { id: number; tid: string; subject: string };
  /** Why the call was none of ours, or none that may be. */
  fault?: string;
  /** Whether the endpoint said yes. */
  isTaken: boolean;
}

/** Of every ticket the endpoint was told, once or more, always under the same name; and of nothing that is not there. */
export function judgeTold(told: readonly ToldEvent[], tickets: readonly StoredTicket[]): string[] {
  const byTicket = groupBy(
    told.filter(({ ticket }) => ticket !== undefined),
    ({ ticket }) => ticket?.id ?? 0,
  );
  const breaches = told.flatMap(({ eventId, fault }) => (fault === undefined ? [] : [`told-wrongly: ${eventId}: ${fault}`]));
  for (const ticket of tickets) breaches.push(...judgeOne(ticket, byTicket.get(ticket.id) ?? []));
  const known = new Set(tickets.map(({ id }) => id));
  for (const [id, calls] of byTicket)
    if (!known.has(id)) breaches.push(`told-stray: ${calls[0]?.eventId} says that ticket ${id} was opened, which is not there`);
  return [...breaches, ...namesTwice(told)];
}

function judgeOne({ id, tid, subject }: StoredTicket, calls: readonly ToldEvent[]): string[] {
  const names = new Set(calls.map(({ eventId }) => eventId));
  return [
    ...(calls.some(({ isTaken }) => isTaken)
      ? []
      : [`told-never: the endpoint took no event of ticket ${id} (${subject}); it heard of it ${calls.length} times`]),
    ...(names.size > 1 ? [`told-names: ticket ${id} was told of as ${[...names].join(", ")}`] : []),
    ...(calls.some(({ ticket }) => ticket?.tid !== tid || ticket.subject !== subject) ? [`told-wrongly: what was told of ticket ${id} is of another`] : []),
  ];
}

function namesTwice(told: readonly ToldEvent[]): string[] {
  const ticketOf = new Map<string, number>();
  return told.flatMap(({ eventId, ticket }) => {
    if (!ticket) return [];
    const known = ticketOf.get(eventId) ?? ticket.id;
    ticketOf.set(eventId, known);
    return known === ticket.id ? [] : [`told-names: ${eventId} told of the tickets ${known} and ${ticket.id}`];
  });
}
