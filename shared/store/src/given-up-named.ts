import { type Collections, FIELDS, type Found, type GivenUpFilter, givenUpOf, type Kind, type Owing, TOGETHER } from "./given-up-records.ts";

/** What names lead to, of deliveries that were given up. */
export interface NamedDeliveries {
  found: Found[];
  /** Names of what is there and has nothing that was given up. */
  withoutAny: string[];
  /** Names of nothing that is there. */
  unknown: string[];
}

/** See {@link NamedDeliveries}; a name is one of a ticket, a reply or a request, or such a one, "/" and the key of one delivery. */
export async function named(names: readonly string[], filter: GivenUpFilter, collections: Collections): Promise<NamedDeliveries> {
  const answer: NamedDeliveries = { found: [], withoutAny: [], unknown: [] };
  for (let start = 0; start < names.length; start += TOGETHER) {
    const some = names.slice(start, start + TOGETHER);
    const records = await recordsNamed(some, collections);
    for (const name of new Set(some)) sortName(name, records, filter, answer);
  }
  // A delivery that two names lead to is one.
  answer.found = [...new Map(answer.found.map((delivery) => [JSON.stringify([delivery.of, delivery.identity, delivery.entry.key]), delivery])).values()];
  return answer;
}

function sortName(name: string, records: readonly NamedRecord[], filter: GivenUpFilter, { found, withoutAny, unknown }: NamedDeliveries): void {
  const meant = records.flatMap(({ of, record, names }) => {
    if (names.includes(name)) return [{ of, record }];
    const outbox = record.outbox?.filter(({ key }) => names.some((own) => name === `${own}/${key}`)) ?? [];
    return outbox.length > 0 ? [{ of, record: { ...record, outbox } }] : [];
  });
  const deliveries = meant.flatMap(({ of, record }) => givenUpOf(of, record, filter));
  found.push(...deliveries);
  if (meant.length === 0) unknown.push(name);
  else if (deliveries.length === 0) withoutAny.push(name);
}

interface NamedRecord {
  of: Kind;
  record: Owing;
  /** All that it may be called; a reply goes by its ticket's names as well. */
  names: string[];
}

async function recordsNamed(given: readonly string[], { ticket, reply, rejection }: Collections): Promise<NamedRecord[]> {
  const names = [...new Set(given.flatMap(namesIn))];
  const ids = names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  const byRequest = [{ _id: { $in: names } }, { alias: { $in: names } }];
  const tickets = await ticket.find({ $or: [...byRequest, { tid: { $in: names } }, { id: { $in: ids } }] }, { projection: FIELDS }).toArray();
  const numbers = new Set(tickets.map(({ tid }) => tid));
  // What is the number of one ticket is not meant as the id of another.
  const idOf = (id: number | undefined) => (numbers.has(String(id)) ? [] : [String(id)]);
  const namesOfTicket = new Map(tickets.map(({ id, ...record }) => [id, [record._id, record.requestId, record.tid ?? "", ...idOf(id)]]));
  const ofThem = { ticketId: { $in: tickets.flatMap(({ id }) => id ?? []) } };
  const replies = await reply.find({ $or: [...byRequest, ofThem] }, { projection: FIELDS }).toArray();
  const rejections = await rejection.find({ $or: byRequest, isProposed: { $exists: false } }, { projection: FIELDS }).toArray();
  const own = ({ _id, requestId }: Owing) => [_id, requestId];
  return [
    ...tickets.map((record) => ({ of: "ticket" as const, record, names: namesOfTicket.get(record.id) ?? [] })),
    ...replies.map((record) => ({ of: "reply" as const, record, names: [...own(record), ...(namesOfTicket.get(record.ticketId) ?? [])] })),
    ...rejections.map((record) => ({ of: "rejection" as const, record, names: own(record) })),
  ];
}

/** The name, and whatever of it may be that of a record before a key. */
function namesIn(name: string): string[] {
  return [name, ...[...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))];
}
