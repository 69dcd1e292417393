import { type DeadLetter, decodeId, decodeText, ERASED, type InboundRecord, NO_SUCH_ID, type Receipt } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { ReplyDocument, TicketDocument } from "./ticket-documents.ts";

/** A client with everybody who acts for nobody else: whom an erasure is about. */
export interface ErasedPerson {
  clientid: number;
  /** Theirs alone; lower case. */
  emails: string[];
  userids: number[];
  contactids: number[];
  /** Ids of their tickets: a reply to one of them is about them, whoever wrote it. */
  ticketids: number[];
}

/** {@link ErasedPerson}, and those of their addresses that others have as well, who stay: nothing is erased for such a one alone. */
interface FoundPerson extends ErasedPerson {
  sharedEmails: string[];
}

/** Finds out whom the erasure of a client is about; undefined when there is no such client and no ticket of one. */
export async function findPerson(store: StoreConnection, clientid: number): Promise<FoundPerson | undefined> {
  const { clients, users, contacts } = store.models;
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const [client, own, contactRows, written] = await Promise.all([
    clients.findOne({ _id: clientid }).lean<{ email: string }>(),
    users.find({ clientids: [clientid] } as never).lean<{ id: number; email: string }[]>(),
    contacts.find({ clientid } as never).lean<{ id: number; email: string }[]>(),
    tickets.findOne({ "opener.clientid": clientid }, { projection: { _id: 1 } }),
  ]);
  if (!client && !written) return undefined;
  const rows = [...(client ? [client] : []), ...own, ...contactRows];
  const all = [...new Set(rows.map(({ email }) => email.toLowerCase()))];
  const ids = (found: readonly { id: number }[]) => found.map(({ id }) => id);
  const isShared = await addressesOfOthers(store, all, { clientid, userids: ids(own) });
  const emails = all.filter((email) => !isShared.has(email));
  const theirs = await tickets.find(ticketsOf({ clientid, emails }), { projection: { id: 1 } }).toArray();
  return { clientid, emails, sharedEmails: [...isShared], userids: ids(own), contactids: ids(contactRows), ticketids: ids(theirs) };
}

/** Which of these addresses somebody has who stays: another client, its contacts, users who act for others, staff. */
async function addressesOfOthers(
  { models }: StoreConnection,
  emails: readonly string[],
  { clientid, userids }: Pick<ErasedPerson, "clientid" | "userids">,
): Promise<Set<string>> {
  const { clients, users, contacts, admins } = models;
  const email = { $in: emails.map(ignoringCase) };
  const found = await Promise.all([
    clients.find({ _id: { $ne: clientid }, email } as never).lean<{ email: string }[]>(),
    users.find({ _id: { $nin: userids }, email } as never).lean<{ email: string }[]>(),
    contacts.find({ clientid: { $ne: clientid }, email } as never).lean<{ email: string }[]>(),
    admins.find({ email } as never).lean<{ email: string }[]>(),
  ]);
  return new Set(found.flat().map((row) => row.email.toLowerCase()));
}

/** An address counts only where no client is named: who acts for several writes for each of them under the same one. */
export function ticketsOf({ clientid, emails }: Pick<ErasedPerson, "clientid" | "emails">) {
  return { $or: [{ "opener.clientid": clientid }, { "opener.clientid": { $exists: false }, "opener.email": { $in: emails.map(ignoringCase) } }] };
}

/** Replies on these tickets, and the person's own on others. */
export function repliesOf({ clientid, emails }: Pick<ErasedPerson, "clientid" | "emails">, ticketIds: readonly number[]) {
  const byAddress = { "author.clientid": { $exists: false }, "author.email": { $in: emails.map(ignoringCase) } };
  return { $or: [{ ticketId: { $in: [...ticketIds] } }, { "author.clientid": clientid }, byAddress] };
}

/** Names of the person's requests that wait, or were given up. */
export async function undecidedOf({ db }: StoreConnection, person: ErasedPerson): Promise<string[]> {
  const receipts = db.collection<Receipt>(COLLECTIONS.receipts).find({ commandJson: { $exists: true } });
  const letters = db.collection<DeadLetter>(COLLECTIONS.deadLetters).find();
  const heldBack = await matching(receipts, ({ commandJson }) => commandJson, person);
  return [...heldBack, ...(await matching(letters, ({ dataJson }) => dataJson, person))];
}

/** Whether a command, in any version, is of that person. It is read as the worker reads it. */
export function isOfPerson(data: unknown, { clientid, emails, userids, contactids, ticketids }: ErasedPerson): boolean {
  const { ticket = data } = (data ?? {}) as { ticket?: unknown };
  const params = (ticket ?? {}) as Record<string, unknown>;
  const isOneOf = (ids: readonly number[], given: unknown) => ids.includes(decodeId(given) ?? NO_SUCH_ID);
  return (
    isOneOf([clientid], params.clientid) ||
    isOneOf(userids, params.userid) ||
    isOneOf(contactids, params.contactid) ||
    isOneOf(ticketids, params.ticketid) ||
    (namesNoClient(params) && emails.includes((decodeText(params.email) ?? "").trim().toLowerCase()))
  );
}

/** What is no id names nobody else either. */
function namesNoClient({ clientid }: Record<string, unknown>): boolean {
  return (decodeId(clientid) ?? NO_SUCH_ID) === NO_SUCH_ID;
}

export interface Erased {
  tickets: number;
  replies: number;
  receipts: number;
  deadLetters: number;
  /** Messages that came in. */
  inbound: number;
  referenceRows: number;
  /** Names of the erased requests. */
  requestIds: string[];
}

/** How many messages that came in before are not decided: whose they are may show only then, as of one that IMAP has brought. */
export async function countUndecided({ db }: StoreConnection, before: Date): Promise<number> {
  const isUndecided = { state: "stored", checkAt: { $exists: true }, receivedAt: { $lt: before } } as const;
  return db.collection<InboundRecord>(COLLECTIONS.inbound).countDocuments(isUndecided);
}

/**
 * Removes every trace of a person from the store; of each message its name stays (see {@link ERASED}). Safe to run again. Its files go
 * with the next sweep of blobs, unless others hold them too. `keepsRows`: more of the person may be on its way.
 */
export async function erasePerson(store: StoreConnection, person: ErasedPerson, { keepsRows = false } = {}): Promise<Erased> {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const found = await tickets.find(ticketsOf(person), { projection: { _id: 1, requestId: 1, id: 1 } }).toArray();
  const ticketids = found.map(({ id }) => id);
  const replies = await eraseReplies(store, person, ticketids);
  const names = [...new Set([...found, ...replies].flatMap(({ _id, requestId }) => [_id, requestId]))];
  const gone = { $in: [...names, ...(await undecidedOf(store, person))] };
  const receiptsGone = await receipts.deleteMany({ _id: gone });
  const lettersGone = await letters.deleteMany({ _id: gone });
  await store.db.collection<{ _id: string }>(COLLECTIONS.rejections).deleteMany({ _id: gone });
  const isToldOf = { $or: [{ ticketId: { $in: ticketids } }, { requestId: gone }] };
  await store.db.collection(COLLECTIONS.webhookCalls).deleteMany(isToldOf);
  const mails = await eraseInbound(store, person, ticketids);
  await eraseMailTraces(store, person);
  const ticketsGone = await tickets.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
  // Once more: one may have been on its way to a ticket that is gone now.
  const late = await eraseReplies(store, person, ticketids);
  // Last: by these rows a second run knows whom it is about.
  const referenceRows = keepsRows ? 0 : await eraseReferenceRows(store, person);
  return {
    tickets: ticketsGone.deletedCount,
    replies: replies.length + late.length,
    receipts: receiptsGone.deletedCount,
    deadLetters: lettersGone.deletedCount,
    inbound: mails,
    referenceRows,
    requestIds: gone.$in,
  };
}

/** What incoming mail has left behind under these addresses. Counts of mails go by themselves within minutes. */
async function eraseMailTraces(store: StoreConnection, { emails }: ErasedPerson): Promise<void> {
  const addresses = emails.map((email) => email.toLowerCase());
  await store.db.collection<{ _id: string }>(COLLECTIONS.mutes).deleteMany({ _id: { $in: addresses } });
  await store.db.collection(COLLECTIONS.mailNotices).deleteMany({ "to.email": { $in: emails.map(ignoringCase) } });
}

/** Messages that are from the person, or became one of these tickets. What is left of one is decided: its job finds nothing to do. */
async function eraseInbound(store: StoreConnection, { emails }: ErasedPerson, ticketIds: readonly number[]): Promise<number> {
  const sender = emails.map((email) => new RegExp(`(^|<)${literally(email)}(>|$)`, "i"));
  const isTheirs = { $or: [{ "ticket.id": { $in: [...ticketIds] } }, { "source.envelopeFrom": { $in: sender } }, { "summary.from": { $in: sender } }] };
  return (await store.db.collection<InboundRecord>(COLLECTIONS.inbound).updateMany(isTheirs, [{ $replaceWith: LEFT_OF_MESSAGE }])).modifiedCount;
}

/**
 * What stays of a message, in its own document's terms: the record of an ignored one whose content was removed, which older versions
 * read as well. The Date stays, as without it every later mail of a device that gives all of them one Message-ID would be the same.
 */
const LEFT_OF_MESSAGE = {
  _id: "$_id",
  requestId: "$requestId",
  mailbox: "$mailbox",
  source: { door: "$source.door", envelopeTo: [] },
  raw: { sha256: "", size: 0 },
  writtenAt: "$writtenAt",
  receivedAt: "$receivedAt",
  state: "ignored",
  reason: { code: ERASED, text: "It was erased; the same message becomes nothing again" },
  trace: [],
  repetitions: 0,
  decidedAt: "$$NOW",
  contentRemovedAt: "$$NOW",
} satisfies Partial<Record<keyof InboundRecord, unknown>>;

/** Replies on their tickets, and their own on tickets of others, which then have one reply less. */
async function eraseReplies(store: StoreConnection, person: ErasedPerson, ticketids: readonly number[]): Promise<ReplyDocument[]> {
  const replies = store.db.collection<ReplyDocument>(COLLECTIONS.replies);
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const found = await replies.find(repliesOf(person, ticketids), { projection: { message: 0 } }).toArray();
  const replyIds = found.map(({ replyId }) => replyId);
  await tickets.updateMany({ id: { $in: found.map(({ ticketId }) => ticketId) } }, { $pull: { replyIds: { $in: replyIds } } });
  await replies.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
  return found;
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
  return new RegExp(`^${literally(email)}$`, "i");
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
