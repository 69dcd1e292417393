import type { DeadLetter, Receipt } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { TicketDocument } from "./ticket-documents.ts";

/** A client with everybody who acts for nobody else: whom an erasure is about. */
export interface ErasedPerson {
  clientid: number;
  /** Lower case. */
  emails: string[];
  userids: number[];
  contactids: number[];
}

/** Finds out whom the erasure of a client is about; undefined when there is no such client and no ticket of one. */
export async function findPerson(store: StoreConnection, clientid: number): Promise<ErasedPerson | undefined> {
  const { clients, users, contacts } = store.models;
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const [client, own, contactRows, ticket] = await Promise.all([
    clients.findOne({ _id: clientid }).lean<{ email: string }>(),
    users.find({ clientids: [clientid] } as never).lean<{ id: number; email: string }[]>(),
    contacts.find({ clientid } as never).lean<{ id: number; email: string }[]>(),
    tickets.findOne({ "opener.clientid": clientid }, { projection: { _id: 1 } }),
  ]);
  if (!client && !ticket) return undefined;
  const rows = [...(client ? [client] : []), ...own, ...contactRows];
  const emails = [...new Set(rows.map(({ email }) => email.toLowerCase()))];
  return { clientid, emails, userids: own.map(({ id }) => id), contactids: contactRows.map(({ id }) => id) };
}

/** Whether a command, in any version, is of that person. */
export function isOfPerson(data: unknown, { clientid, emails, userids, contactids }: ErasedPerson): boolean {
  const { ticket = data } = (data ?? {}) as { ticket?: unknown };
  const params = (ticket ?? {}) as Record<string, unknown>;
  const isOneOf = (ids: readonly number[], given: unknown) => given !== undefined && given !== null && given !== "" && ids.includes(Number(given));
  return (
    isOneOf([clientid], params.clientid) ||
    isOneOf(userids, params.userid) ||
    isOneOf(contactids, params.contactid) ||
    emails.includes(String(params.email ?? "").toLowerCase())
  );
}

export interface Erased {
  tickets: number;
  receipts: number;
  deadLetters: number;
  referenceRows: number;
  /** Names of the erased requests. */
  requestIds: string[];
}

/** Removes every trace of a person from the store. Safe to run again. Its files go with the next sweep of blobs, unless other tickets hold them too. */
export async function erasePerson(store: StoreConnection, person: ErasedPerson): Promise<Erased> {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const own = { $or: [{ "opener.clientid": person.clientid }, { "opener.email": { $in: person.emails.map(ignoringCase) } }] };
  const found = await tickets.find(own, { projection: { _id: 1, requestId: 1 } }).toArray();
  const names = [...new Set(found.flatMap(({ _id, requestId }) => [_id, requestId]))];
  const heldBack = await matching(receipts.find({ commandJson: { $exists: true } }), ({ commandJson }) => commandJson, person);
  const dead = await matching(letters.find(), ({ dataJson }) => dataJson, person);
  const gone = { $in: [...names, ...heldBack, ...dead] };
  const receiptsGone = await receipts.deleteMany({ _id: gone });
  const lettersGone = await letters.deleteMany({ _id: gone });
  await store.db.collection<{ _id: string }>(COLLECTIONS.rejections).deleteMany({ _id: gone });
  const ticketsGone = await tickets.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
  // Last: by these rows a second run knows whom it is about.
  const referenceRows = await eraseReferenceRows(store, person);
  return { tickets: ticketsGone.deletedCount, receipts: receiptsGone.deletedCount, deadLetters: lettersGone.deletedCount, referenceRows, requestIds: gone.$in };
}

async function matching<T extends { _id: string }>(
  cursor: AsyncIterable<T>,
  jsonOf: (document: T) => string | undefined,
  person: ErasedPerson,
): Promise<string[]> {
  const names: string[] = [];
  for await (const document of cursor) {
    const json = jsonOf(document);
    if (json !== undefined && isOfPerson(JSON.parse(json), person)) names.push(document._id);
  }
  return names;
}

async function eraseReferenceRows({ models }: StoreConnection, { clientid, userids, contactids }: ErasedPerson): Promise<number> {
  const results = await Promise.all([
    models.contacts.deleteMany({ _id: { $in: contactids } } as never),
    models.services.deleteMany({ clientid } as never),
    models.domains.deleteMany({ clientid } as never),
    models.users.deleteMany({ _id: { $in: userids } } as never),
    models.clients.deleteMany({ _id: clientid } as never),
  ]);
  // Those who act for others as well stay, without this client.
  await models.users.updateMany({ clientids: clientid } as never, { $pull: { clientids: clientid } } as never);
  return results.reduce((sum, { deletedCount }) => sum + deletedCount, 0);
}

function ignoringCase(email: string): RegExp {
  return new RegExp(`^${email.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "i");
}
