import { groupBy, isEvent, type Stored, type StoredMail, type StoredTicket } from "./count.ts";
import { type ExpectedEvent, type Ledger, namesTold, type RequestEntry } from "./ledger.ts";

/** Holds the events that were brought against the records of them and their tickets. */

interface EventEntry extends RequestEntry {
  event: ExpectedEvent;
}

/** Every event has one record, which says truly what became of it; forged ones have none; every record is of an event. */
export function judgeEventsIn({ requests }: Pick<Ledger, "requests">, { inbound, tickets }: Pick<Stored, "inbound" | "tickets">): string[] {
  const entries = requests.filter((entry): entry is EventEntry => entry.event !== undefined);
  const records = groupBy(inbound.filter(isEvent), ({ source }) => source.webhook?.eventId ?? "");
  const ticketById = new Map(tickets.map((ticket) => [ticket.id, ticket]));
  const breaches = entries.flatMap((entry) =>
    judgeEvent(entry, records.get(entry.event.eventId) ?? [], ticketById).map((line) => `${line}: ${entry.event.eventId} (${entry.tag})`),
  );
  const known = new Set(entries.map(({ event }) => event.eventId));
  const strange = [...records.keys()].filter((id) => !known.has(id)).map((id) => `event-stranger: a record of no event: ${id}`);
  return [...breaches, ...strange, ...judgeOpeners(entries, records)];
}

function judgeEvent(entry: EventEntry, records: readonly StoredMail[], ticketById: ReadonlyMap<number, StoredTicket>): string[] {
  const { endsAs } = entry.event;
  if (endsAs === "nowhere") return records.length === 0 ? [] : ["event-forged: it was taken"];
  const names = namesTold(entry);
  const [record] = records;
  if (!record) return names.length > 0 ? ["event-lost: 200, and there is no record"] : [];
  return [
    ...(records.length > 1 ? [`event-twice: ${records.length} records`] : []),
    ...(names.length > 1 || (names[0] ?? record._id) !== record._id ? [`event-names: told ${names.join(", ")}; stored as ${record._id}`] : []),
    ...judgeOutcome(entry, record, ticketById),
  ];
}

const OUTCOMES: Record<Exclude<ExpectedEvent["endsAs"], "nowhere">, readonly string[]> = {
  ticket: ["ticket ticket_opened"],
  shared: ["ticket ticket_opened", "occurrence occurrence"],
  ignored: ["ignored unwanted"],
  refused: ["refused invalid"],
};

function judgeOutcome({ event: { endsAs }, tag }: EventEntry, record: StoredMail, ticketById: ReadonlyMap<number, StoredTicket>): string[] {
  const { state, reason, ticket: named } = record;
  if (state === "stored") return ["event-lost: its record has no outcome"];
  if (endsAs === "nowhere" || !OUTCOMES[endsAs].includes(`${state} ${reason?.code}`)) return [`event-wrong: ${state}, ${reason?.code} (${reason?.text})`];
  if (state !== "ticket" && state !== "occurrence") return [];
  const ticket = ticketById.get(named?.id ?? 0);
  return ticket?.subject.includes(tag) ? [] : [`event-lost: its record names ${named?.tid}, which is ${ticket ? "another's ticket" : "not there"}`];
}

/** Of the events that share a ticket one has opened it. */
function judgeOpeners(entries: readonly EventEntry[], records: ReadonlyMap<string, readonly StoredMail[]>): string[] {
  const shared = groupBy(
    entries.filter(({ event }) => event.endsAs === "shared"),
    ({ tag }) => tag,
  );
  return [...shared].flatMap(([tag, about]) => {
    const states = about.flatMap(({ event }) => (records.get(event.eventId) ?? []).map(({ state }) => state));
    const openers = states.filter((state) => state === "ticket").length;
    return states.length === 0 || openers === 1
      ? []
      : [`event-openers: ${openers} of the ${states.length} events about ${tag} say that they opened its ticket`];
  });
}
