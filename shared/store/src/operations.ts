import type { DeadLetter, InboundRecord, InboundState, Receipt, RejectionRecord, TicketRecord } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { inboundCounts } from "./inbound-audit.ts";
import { type RejectionDocument, type TicketDocument, toRecord } from "./ticket-documents.ts";

/** What an operator asks of the store; nothing of it is on the way of a ticket. */
export interface StoreOperations {
  counts(): Promise<StoreCounts>;
  deadLetters(filter: { code?: string | undefined; limit: number }): Promise<DeadLetter[]>;
  /** Everything that is kept of a request, found by its requestId, its message, its ticket's id or number. */
  trace(name: string): Promise<Trace>;
  /** Tickets in the order of their ids. */
  tickets(filter: { afterId: number }): AsyncIterable<TicketRecord>;
}

export interface StoreCounts {
  tickets: number;
  rejections: number;
  /** Accepted early, and not decided yet. */
  undecided: number;
  oldestUndecidedAt: Date | undefined;
  deadLetters: Record<string, number>;
  /** Tickets that still owe a reply or a mail. */
  owing: number;
  oldestOwingAt: Date | undefined;
  /** Deliveries that were given up. */
  deadDeliveries: number;
  /** Messages that came in, by state. */
  inbound: Partial<Record<InboundState, number>>;
}

export interface Trace {
  requestId: string;
  receipt: Receipt | undefined;
  ticket: TicketRecord | undefined;
  rejection: RejectionRecord | undefined;
  deadLetter: DeadLetter | undefined;
  /** The message that it was made of. */
  inbound: InboundRecord | undefined;
}

/** See {@link StoreOperations}. */
export function makeStoreOperations(store: StoreConnection): StoreOperations {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const receipts = store.db.collection<Receipt>(COLLECTIONS.receipts);
  const letters = store.db.collection<DeadLetter>(COLLECTIONS.deadLetters);
  const messages = store.db.collection<InboundRecord>(COLLECTIONS.inbound);

  async function counts(): Promise<StoreCounts> {
    const [stored, refused, undecided, oldestUndecided, dead, owing, oldestOwing, deadDeliveries, inbound] = await Promise.all([
      tickets.estimatedDocumentCount(),
      rejections.estimatedDocumentCount(),
      receipts.countDocuments({ checkAt: { $exists: true } }),
      receipts.findOne({ checkAt: { $exists: true } }, { sort: { acceptedAt: 1 } }),
      letters.aggregate<{ _id: string; count: number }>([{ $group: { _id: "$code", count: { $sum: 1 } } }]).toArray(),
      tickets.countDocuments({ dueAt: { $exists: true } }),
      tickets.findOne({ dueAt: { $exists: true } }, { sort: { dueAt: 1 } }),
      tickets.countDocuments({ "outbox.deadAt": { $exists: true } }),
      inboundCounts(store),
    ]);
    return {
      tickets: stored,
      rejections: refused,
      undecided,
      oldestUndecidedAt: oldestUndecided?.acceptedAt,
      deadLetters: Object.fromEntries(dead.map(({ _id, count }) => [_id, count])),
      owing,
      oldestOwingAt: oldestOwing?.openedAt,
      deadDeliveries,
      inbound,
    };
  }

  async function trace(name: string): Promise<Trace> {
    const byNumber = /^\d{1,15}$/.test(name) ? [{ id: Number(name) }] : [];
    const ticket = await tickets.findOne({ $or: [{ _id: name }, { alias: name }, { tid: name }, ...byNumber] });
    const inbound = await messages.findOne({ $or: [{ requestId: ticket?.requestId ?? name }, { _id: name }] });
    const requestId = ticket?.requestId ?? inbound?.requestId ?? name;
    const [receipt, rejection, deadLetter] = await Promise.all([
      receipts.findOne({ _id: requestId }),
      rejections.findOne({ $or: [{ _id: requestId }, { alias: requestId }] }),
      letters.findOne({ _id: requestId }),
    ]);
    return {
      requestId,
      receipt: receipt ?? undefined,
      ticket: ticket ? toRecord(ticket) : undefined,
      rejection: rejection ? toRecord(rejection) : undefined,
      deadLetter: deadLetter ?? undefined,
      inbound: inbound ?? undefined,
    };
  }

  return {
    counts,
    trace,
    deadLetters: ({ code, limit }) => letters.find(code === undefined ? {} : { code }, { sort: { diedAt: 1 }, limit }).toArray(),
    async *tickets({ afterId }) {
      for await (const document of tickets.find({ id: { $gt: afterId } }, { sort: { id: 1 } })) yield toRecord(document);
    },
  };
}
