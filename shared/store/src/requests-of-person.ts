import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { type ErasedPerson, repliesOf, ticketsOf, undecidedOf } from "./erase.ts";
import type { ReplyDocument, TicketDocument } from "./ticket-documents.ts";

/** Names of all requests that an erasure of that person removes, while the store still knows of them. Removes nothing. */
export async function requestIdsOf(store: StoreConnection, person: ErasedPerson): Promise<Set<string>> {
  const names = { projection: { _id: 1, requestId: 1, id: 1 } } as const;
  const tickets = await store.db.collection<TicketDocument>(COLLECTIONS.tickets).find(ticketsOf(person), names).toArray();
  const ids = tickets.map(({ id }) => id);
  const replies = await store.db.collection<ReplyDocument>(COLLECTIONS.replies).find(repliesOf(person, ids), names).toArray();
  return new Set([...[...tickets, ...replies].flatMap(({ _id, requestId }) => [_id, requestId]), ...(await undecidedOf(store, person))]);
}
