import type { DeadLetter, Receipt } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { type ErasedPerson, ignoringCase, matching, ticketsOf } from "./erase.ts";
import type { ReplyDocument, TicketDocument } from "./ticket-documents.ts";

/** Names of all requests that an erasure of that person removes, while the store still knows of them. Removes nothing. */
export async function requestIdsOf(store: StoreConnection, person: ErasedPerson): Promise<Set<string>> {
  const { clientid, emails } = person;
  const names = { projection: { _id: 1, requestId: 1, id: 1 } } as const;
  const tickets = await store.db.collection<TicketDocument>(COLLECTIONS.tickets).find(ticketsOf(person), names).toArray();
  const written = [{ ticketId: { $in: tickets.map(({ id }) => id) } }, { "author.clientid": clientid }, { "author.email": { $in: emails.map(ignoringCase) } }];
  const replies = await store.db.collection<ReplyDocument>(COLLECTIONS.replies).find({ $or: written }, names).toArray();
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts).find({ commandJson: { $exists: true } });
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters).find();
  return new Set([
    ...[...tickets, ...replies].flatMap(({ _id, requestId }) => [_id, requestId]),
    ...(await matching(receipts, ({ commandJson }) => commandJson, person)),
    ...(await matching(letters, ({ dataJson }) => dataJson, person)),
  ]);
}
