import type { DeadLetter, InboundRecord, InboundState, Receipt, RejectionRecord, ReplyRecord, TicketRecord } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { countGivenUp } from "./given-up.ts";
import { inboundCounts } from "./inbound-audit.ts";
import { ofQueue } from "./queue-prefix.ts";
import { type RejectionDocument, type ReplyDocument, type TicketDocument, toRecord } from "./ticket-documents.ts";

/** What an operator asks of the store; nothing of it is on the way of a ticket. */
export interface StoreOperations {
  /** Looks through all messages and all tickets: minutes, where there are very many. */
  counts(): Promise<StoreCounts>;
  /** How many there are, about: at once, however many. */
  sizes(): Promise<Pick<StoreCounts, "tickets" | "replies" | "rejections">>;
  /** What is accepted and not decided, and records that still owe an answer, a mail or an event; at once, however much is stored. */
  underWay(): Promise<{ undecided: number; owing: number }>;
  deadLetters(filter: { code?: string | undefined; limit: number }): Promise<DeadLetter[]>;
  /** Everything that is kept of a request, found by its requestId, its message, its ticket's number, or by an id that is no ticket's number. */
  trace(name: string): Promise<Trace>;
  /** Tickets in the order of their ids, each with its replies in the order of their time. */
  tickets(filter: { afterId: number }): AsyncIterable<TicketRecord & { replies: ReplyRecord[] }>;
}

export interface StoreCounts {
  tickets: number;
  replies: number;
  rejections: number;
  /** Accepted early, and not decided yet. */
  undecided: number;
  oldestUndecidedAt: Date | undefined;
  deadLetters: Record<string, number>;
  /** Tickets and replies that still owe an answer or a mail. */
  owing: number;
  oldestOwingAt: Date | undefined;
  /** Tickets, replies and rejections of which a delivery was given up. */
  deadDeliveries: number;
  /** Messages that came in, by state. */
  inbound: Partial<Record<InboundState, number>>;
}

export interface Trace {
  requestId: string;
  receipt: Receipt | undefined;
  /** Opened by the request; or, of a request that added a reply, the ticket that has it. */
  ticket: TicketRecord | undefined;
  reply: ReplyRecord | undefined;
  rejection: RejectionRecord | undefined;
  deadLetter: DeadLetter | undefined;
  /** The message that it was made of. */
  inbound: InboundRecord | undefined;
}

/** See {@link StoreOperations}. */
export function makeStoreOperations(store: StoreConnection): StoreOperations {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const replies = store.db.collection<ReplyDocument>(COLLECTIONS.replies);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const messages = store.db.collection<InboundRecord>(COLLECTIONS.inbound);

  async function sizes() {
    const [stored, added, refused] = await Promise.all([
      tickets.estimatedDocumentCount(),
      replies.estimatedDocumentCount(),
      rejections.estimatedDocumentCount(),
    ]);
    return { tickets: stored, replies: added, rejections: refused };
  }

  async function counts(): Promise<StoreCounts> {
    const isOwing = { dueAt: { $exists: true } };
    const [stored, undecided, oldestUndecided, dead] = await Promise.all([
      sizes(),
      receipts.countDocuments({ checkAt: { $exists: true } }),
      receipts.findOne({ checkAt: { $exists: true } }, { sort: { acceptedAt: 1 } }),
      letters.aggregate<{ _id: string; count: number }>([{ $group: { _id: "$code", count: { $sum: 1 } } }]).toArray(),
    ]);
    const [owingTickets, owingReplies, oldestTicket, oldestReply, deadDeliveries, inbound] = await Promise.all([
      tickets.countDocuments(isOwing),
      replies.countDocuments(isOwing),
      tickets.findOne(isOwing, { sort: { dueAt: 1 } }),
      replies.findOne(isOwing, { sort: { dueAt: 1 } }),
      countGivenUp(store),
      inboundCounts(store),
    ]);
    return {
      ...stored,
      undecided,
      oldestUndecidedAt: oldestUndecided?.acceptedAt,
      deadLetters: Object.fromEntries(dead.map(({ _id, count }) => [_id, count])),
      owing: owingTickets + owingReplies,
      oldestOwingAt: [oldestTicket?.openedAt, oldestReply?.addedAt].filter((at) => at !== undefined).toSorted((a, b) => a.getTime() - b.getTime())[0],
      deadDeliveries,
      inbound,
    };
  }

  async function underWay(): Promise<{ undecided: number; owing: number }> {
    const [isUndecided, isOwing] = [{ ...ofQueue(store), checkAt: { $exists: true } }, { dueAt: { $exists: true } }];
    const [requests, arrived, ...owing] = await Promise.all([
      receipts.countDocuments(isUndecided),
      messages.countDocuments(isUndecided),
      tickets.countDocuments(isOwing),
      replies.countDocuments(isOwing),
      rejections.countDocuments(isOwing),
    ]);
    return { undecided: requests + arrived, owing: owing.reduce((sum, count) => sum + count, 0) };
  }

  async function trace(name: string): Promise<Trace> {
    const byName = await tickets.findOne({ $or: [{ _id: name }, { alias: name }, { tid: name }] });
    const named = byName ?? (/^\d{1,15}$/.test(name) ? await tickets.findOne({ id: Number(name) }) : null);
    const reply = named ? null : await replies.findOne({ $or: [{ _id: name }, { alias: name }] });
    const inbound = await messages.findOne({ $or: [{ requestId: (reply ?? named)?.requestId ?? name }, { _id: name }] });
    const requestId = (reply ?? named)?.requestId ?? inbound?.requestId ?? name;
    const ticket = named ?? (reply && (await tickets.findOne({ id: reply.ticketId })));
    const [receipt, rejection, deadLetter] = await Promise.all([
      receipts.findOne({ _id: requestId }),
      rejections.findOne({ $or: [{ _id: requestId }, { alias: requestId }], isProposed: { $exists: false } }),
      letters.findOne({ _id: requestId }),
    ]);
    return {
      requestId,
      receipt: receipt ?? undefined,
      ticket: ticket ? toRecord(ticket) : undefined,
      reply: reply ? toRecord(reply) : undefined,
      rejection: rejection ? toRecord(rejection) : undefined,
      deadLetter: deadLetter ?? undefined,
      inbound: inbound ?? undefined,
    };
  }

  return {
    counts,
    sizes,
    underWay,
    trace,
    deadLetters: ({ code, limit }) => letters.find(code === undefined ? {} : { code }, { sort: { diedAt: 1 }, limit }).toArray(),
    async *tickets({ afterId }) {
      for await (const document of tickets.find({ id: { $gt: afterId } }, { sort: { id: 1 } })) {
        const added = document.replyIds === undefined ? [] : await replies.find({ ticketId: document.id }, { sort: { addedAt: 1, replyId: 1 } }).toArray();
        yield { ...toRecord(document), replies: added.map(toRecord) };
      }
    },
  };
}
