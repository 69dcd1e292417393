import { NOT_IN_STANDING_REPLY, NOT_IN_STANDING_TICKET, type OutboxEntry, type ReplyRecord, type TicketBounce, type TicketRecord } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { eachInTime } from "../in-time.ts";
import { lookUp, lookUpRequest } from "../look-up.ts";
import type { ReplyDocument, TicketDocument } from "../ticket-documents.ts";

/** A ticket as far as incoming mail needs it. */
export interface KnownTicket extends Pick<TicketRecord, "_id" | "id" | "tid" | "status" | "deptid" | "opener"> {
  /** What was sent because of it: of each mail the template, the address, and the reply that it was about. */
  mails: { template: string; address: string; replyId?: number | undefined }[];
}

/** A ticket that goes on for a closed one, and the mail that opened it. */
export interface LinkedTicket extends KnownTicket {
  messageId?: string | undefined;
  /** What that mail says of when it was written, ISO 8601. */
  writtenAt?: string | undefined;
  message: string;
}

/** Tickets by what a mail may say of them. */
export interface KnownTickets {
  findById(id: number): Promise<KnownTicket | undefined>;
  findByTid(tid: string): Promise<KnownTicket | undefined>;
  /**
   * The first of these Message-IDs that opened a ticket or was added to one, and its number; of several the first that came by this
   * mailbox, or the latest like it: a device may give all its mails one Message-ID.
   */
  findByMessageIds(messageIds: readonly string[], mailbox: string): Promise<{ ticketId: number; messageId: string } | undefined>;
  /** Tickets that were opened instead of this one, which was closed; the latest first. */
  findLinkedTo(ticketId: number): Promise<LinkedTicket[]>;
  /** Addresses of those who have replied to it, lower case. */
  authorsOf(ticketId: number): Promise<string[]>;
  /** What an earlier run of this request became; by its identity, or by its own name. */
  outcomeOf(requestId: string): Promise<{ id: number; tid: string; replyId?: number; receivedAt: Date } | undefined>;
  /** Notes that a mail of this ticket did not arrive: once for each report. */
  noteBounce(ticketId: number, bounce: TicketBounce): Promise<void>;
}

const HEAD = { _id: 1, id: 1, tid: 1, status: 1, deptid: 1, opener: 1, "outbox.template": 1, "outbox.to": 1 } as const;
/** Replies whose mails are known, and bounces that are kept of one ticket: the latest. */
const MAX_REPLIES = 200;
const MAX_BOUNCES = 100;
/** Tickets that one closed ticket is looked for in: the latest. */
const MAX_LINKED = 100;
/** The index of Message-IDs, mailboxes and tickets: without it a look for the oldest, or latest, could go along all tickets. */
const BY_MAIL = "mail";

/** The first ticket that a Message-ID has opened, or was added to, by one mailbox. */
interface First {
  /** The mailbox. */
  _id: string | null;
  ticketId: number;
  /** Of a ticket that it has opened. */
  opener?: TicketRecord["opener"];
}

/** See {@link KnownTickets}. */
export function makeMongoKnownTickets(store: StoreConnection): KnownTickets {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const replies = store.db.collection<ReplyDocument>(COLLECTIONS.replies);
  const [ticketOf, replyOf] = [lookUp(tickets, NOT_IN_STANDING_TICKET), lookUpRequest(replies, NOT_IN_STANDING_REPLY)];

  async function known(ticket: TicketDocument): Promise<KnownTicket> {
    const { _id, id, tid, status, deptid, opener, outbox } = ticket;
    const later = await replies
      .find({ ticketId: id }, { projection: { replyId: 1, "outbox.template": 1, "outbox.to": 1 }, sort: { addedAt: -1 }, limit: MAX_REPLIES })
      .toArray();
    return { _id, id, tid, status, deptid, opener, mails: [...mailsIn(outbox), ...later.flatMap((reply) => mailsIn(reply.outbox, reply))] };
  }

  async function knownOne(ticket: TicketDocument | null): Promise<KnownTicket | undefined> {
    return ticket === null ? undefined : known(ticket);
  }

  /**
   * The latest that a mail with the Message-ID of this ticket has opened by the same mailbox and for the same opener. Nobody else's:
   * who knows a Message-ID could draw the answers of others into a ticket of their own.
   */
  async function latestLike({ _id: mailbox, ticketId, opener }: First, messageId: string): Promise<number> {
    if (!opener) return ticketId;
    const like = { "source.messageId": messageId, "source.mailbox": mailbox, ...openedBy(opener) };
    return (await tickets.findOne(like, { projection: { id: 1 }, sort: { id: -1 }, hint: BY_MAIL }))?.id ?? ticketId;
  }

  return eachInTime({
    findById: async (id) => knownOne(await tickets.findOne({ id }, { projection: HEAD })),
    findByTid: async (tid) => knownOne(await tickets.findOne({ tid }, { projection: HEAD })),
    async findByMessageIds(messageIds, mailbox) {
      const wanted = { "source.messageId": { $in: [...messageIds] } };
      const standing = await Promise.all([tickets.distinct("source.messageId", wanted), replies.distinct("source.messageId", wanted)]);
      const messageId = messageIds.find((asked) => standing.flat().includes(asked));
      if (messageId === undefined) return undefined;
      const [opened, added] = await Promise.all([
        tickets.aggregate<First>(firstByMailbox(messageId, "id"), { hint: BY_MAIL }).toArray(),
        replies.aggregate<First>(firstByMailbox(messageId, "ticketId"), { hint: BY_MAIL }).toArray(),
      ]);
      const found = [...opened, ...added];
      const nearest = found.find(({ _id }) => _id === mailbox) ?? found[0];
      return nearest && { ticketId: await latestLike(nearest, messageId), messageId };
    },
    async findLinkedTo(ticketId) {
      const projection = { ...HEAD, "source.messageId": 1, "source.writtenAt": 1, message: 1 };
      const linked = await tickets.find({ "linkedTo.id": ticketId }, { projection, sort: { id: -1 }, limit: MAX_LINKED }).toArray();
      return Promise.all(linked.map(async (ticket) => ({ ...(await known(ticket)), message: ticket.message, ...openingOf(ticket) })));
    },
    async authorsOf(ticketId) {
      const emails = await replies.distinct("author.email", { ticketId, "author.isVerified": true });
      return emails.filter((email) => typeof email === "string").map((email) => email.toLowerCase());
    },
    async outcomeOf(requestId) {
      const [ticket, reply] = await Promise.all([ticketOf(requestId), replyOf(requestId)]);
      if (ticket) return { id: ticket.id, tid: ticket.tid, receivedAt: ticket.receivedAt };
      const parent = reply && (await tickets.findOne({ id: reply.ticketId }, { projection: { tid: 1 } }));
      return reply && parent ? { id: reply.ticketId, tid: parent.tid, replyId: reply.replyId, receivedAt: reply.receivedAt } : undefined;
    },
    async noteBounce(id, bounce) {
      const isNew = { id, "bounces.inboundId": { $ne: bounce.inboundId } };
      await tickets.updateOne(isNew, { $push: { bounces: { $each: [bounce], $slice: -MAX_BOUNCES } } });
    },
  });
}

/** As many as there are mailboxes, the oldest first, however many mails have that Message-ID: MongoDB goes from one to the next by the index. */
function firstByMailbox(messageId: string, ticketId: "id" | "ticketId") {
  return [
    { $match: { "source.messageId": messageId } },
    { $sort: { "source.messageId": 1, "source.mailbox": 1, [ticketId]: 1 } },
    { $group: { _id: "$source.mailbox", ticketId: { $first: `$${ticketId}` }, opener: { $first: "$opener" } } },
    { $sort: { ticketId: 1 } },
  ];
}

/** Of a client's ticket all who act for it, of a guest's that address, proven if it was. */
function openedBy({ clientid, email, isVerified }: TicketRecord["opener"]) {
  if (clientid !== undefined) return { "opener.clientid": clientid };
  return { "opener.kind": "guest" as const, "opener.email": email, ...(isVerified && { "opener.isVerified": true }) };
}

function openingOf({ source: { messageId, writtenAt } }: Pick<TicketRecord, "source">): Pick<LinkedTicket, "messageId" | "writtenAt"> {
  return { ...(typeof messageId === "string" && { messageId }), ...(typeof writtenAt === "string" && { writtenAt }) };
}

function mailsIn(outbox: readonly Pick<OutboxEntry, "template" | "to">[] = [], reply?: Pick<ReplyRecord, "replyId">): KnownTicket["mails"] {
  return outbox.flatMap(({ template, to }) => (template && to ? [{ template, address: to.email, ...(reply && { replyId: reply.replyId }) }] : []));
}
