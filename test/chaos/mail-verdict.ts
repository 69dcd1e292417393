import { isEvent, type Stored, type StoredMail, type StoredTicket } from "./count.ts";
import { type ExpectedMail, type Ledger, namesTold, type RequestEntry } from "./ledger.ts";

/** Holds the mails that were handed in against the records of them and their tickets. */

interface MailEntry extends RequestEntry {
  mail: ExpectedMail;
}

/** Every mail has one record, which says truly what became of it; every record is of a mail. */
export function judgeMailsIn({ requests }: Pick<Ledger, "requests">, { inbound: all, tickets }: Pick<Stored, "inbound" | "tickets">): string[] {
  const inbound = all.filter((record) => !isEvent(record));
  const records = indexOf(inbound);
  const ticketById = new Map(tickets.map((ticket) => [ticket.id, ticket]));
  const entries = requests.filter((entry): entry is MailEntry => entry.mail !== undefined);
  const breaches: string[] = [];
  const known = new Set<StoredMail>();
  for (const entry of entries) {
    const own = records.of(entry);
    for (const record of own) known.add(record);
    breaches.push(...judgeMailIn(entry, own, ticketById).map((line) => `${line}: ${entry.tag} (${entry.door})`));
  }
  return [...breaches, ...strangersAmong(inbound, known, entries)];
}

/** Records by the Message-ID that was sent, and by the name that was told. */
function indexOf(inbound: readonly StoredMail[]): { of(entry: MailEntry): StoredMail[] } {
  const byName = new Map(inbound.map((record) => [record._id, record]));
  const byMessageId = new Map<string, StoredMail[]>();
  for (const record of inbound) {
    const { messageId = "" } = record;
    byMessageId.set(messageId, [...(byMessageId.get(messageId) ?? []), record]);
  }
  return {
    of(entry) {
      const sent = entry.mail.messageId === undefined ? [] : (byMessageId.get(entry.mail.messageId) ?? []);
      return [...new Set([...sent, ...namesTold(entry).flatMap((name) => byName.get(name) ?? [])])];
    },
  };
}

function judgeMailIn(entry: MailEntry, records: readonly StoredMail[], ticketById: ReadonlyMap<number, StoredTicket>): string[] {
  const names = namesTold(entry);
  const [record] = records;
  if (!record) return names.length > 0 ? ["mail-in-lost: 250, and there is no record"] : [];
  return [
    ...(records.length > 1 ? [`mail-in-twice: ${records.length} records`] : []),
    ...(names.length > 1 || (names[0] ?? record._id) !== record._id ? [`mail-in-names: told ${names.join(", ")}; stored as ${record._id}`] : []),
    ...judgeOutcome(entry, record, ticketById),
  ];
}

function judgeOutcome({ mail, tag, wrongWith = "ticket_opened" }: MailEntry, record: StoredMail, ticketById: ReadonlyMap<number, StoredTicket>): string[] {
  const { state, reason, ticket: named } = record;
  if (state === "stored") return ["mail-in-lost: its record has no outcome"];
  if (state !== mail.endsAs || reason?.code !== wrongWith)
    return [`mail-in-wrong: ${state}, ${reason?.code} (${reason?.text}); expected ${mail.endsAs}, ${wrongWith}`];
  if (state !== "ticket") return [];
  const ticket = ticketById.get(named?.id ?? 0);
  if (!ticket?.subject.includes(tag)) return [`mail-in-lost: its record names ${named?.tid}, which is ${ticket ? "another mail's ticket" : "not there"}`];
  return plain(ticket.message) === plain(mail.text) ? [] : [`mail-in-text: its ticket says ${JSON.stringify(ticket.message.slice(0, 200))}`];
}

const plain = (text: string): string => text.replaceAll("\r\n", "\n").trim();

/** What has no Message-ID and was never told its name is known by nothing: there may be one of each such mail. */
function strangersAmong(inbound: readonly StoredMail[], known: ReadonlySet<StoredMail>, entries: readonly MailEntry[]): string[] {
  const unknown = inbound.filter((record) => !known.has(record));
  const named = unknown.filter(({ messageId }) => messageId !== undefined).map(({ _id }) => `mail-in-stranger: a record of no mail: ${_id}`);
  const most = entries.filter((entry) => entry.mail.messageId === undefined && namesTold(entry).length === 0).length;
  const nameless = unknown.length - named.length;
  return nameless <= most ? named : [...named, `mail-in-stranger: ${nameless} records without a Message-ID are of no mail; expected ${most} at most`];
}
