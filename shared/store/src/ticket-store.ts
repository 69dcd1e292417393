import type { RejectionRecord, ReplyDraft, ReplyRecord, StandingReply, StandingTicket, TicketDraft, TicketHead, TicketRecord } from "@openticket/contract";

/** What the store promises about tickets and outcomes; its Mongo and its memory form pass the same tests. */

export type Commit = { kind: "opened"; ticket: TicketRecord } | { kind: "exists"; ticket: StandingTicket } | { kind: "out-of-numbers" };
export type Rejection =
  | { kind: "rejected"; record: RejectionRecord }
  | { kind: "exists"; record: RejectionRecord }
  | { kind: "opened"; ticket: StandingTicket }
  | { kind: "added"; reply: StandingReply };
/** A delivery that failed: which entry, why, and what becomes of it. */
export type FailedDelivery = { key: string; error: string; attempts: number } & ({ nextTryAt: Date } | { deadAt: Date });

/** Makes the numbers that people see; ids are the store's own. */
export interface Numbers {
  tid(id: number, at: Date): string;
  accessCode(): string;
}

export interface TicketReader {
  findByIdentity(identity: string): Promise<StandingTicket | undefined>;
  findRejection(identity: string): Promise<RejectionRecord | undefined>;
  /** By the identity that the requester's name for the request leads to, or by that name itself. */
  findByRequestId(requestId: string): Promise<StandingTicket | undefined>;
  findRejectionByRequestId(requestId: string): Promise<RejectionRecord | undefined>;
  findById(id: number): Promise<TicketRecord | undefined>;
}

export interface TicketStore extends TicketReader, Outbox<TicketRecord> {
  /**
   * Numbers the draft and writes it with its outbox, journaled on a majority. `exists` when its identity was taken
   * before. Throws StoreUnavailable when the outcome cannot be known now: a repetition finds it.
   */
  commit(draft: TicketDraft): Promise<Commit>;
  /**
   * Stores a rejection, unless one stands already or the request has a ticket or a reply: then that is the answer. Throws
   * StoreUnavailable when another decides the same request at this moment: a repetition finds what came of it.
   */
  reject(record: RejectionRecord): Promise<Rejection>;
  /**
   * For a ticket of a request that may be decided elsewhere as well, before anybody is told of it: the rejection that
   * came first. `isOurs`: this call's own commit has stored the ticket, and it is removed then.
   */
  giveWay(ticket: StandingTicket, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
  /** By the ticket's id. */
  findHead(id: number): Promise<TicketHead | undefined>;
}

/** An entry that was delivered. `isOnly`: its record owed nothing else when it was seen, which makes marking cheaper. */
export interface DeliveredEntry {
  identity: string;
  key: string;
  isOnly?: boolean;
}

/** What tickets or replies owe to others. */
/** A record as it was taken: until its due time it is nobody else's. */
export interface Held {
  _id: string;
  dueAt?: Date | undefined;
}

export interface Outbox<T> {
  /** Marks deliveries as done; what owes nothing more is no longer due. */
  markDelivered(entries: DeliveredEntry[], at: Date): Promise<void>;
  /**
   * What is due, each due again only after `leaseMs`; no two callers get the same one. Each is abridged as it is read: together they
   * may be larger than memory.
   */
  leaseDue(now: Date, leaseMs: number, limit: number, abridge?: (record: T) => T): Promise<T[]>;
  /**
   * Notes failed deliveries: to be tried again, or dead. The record is due with the first of its entries that is to be tried after
   * `after`; where one has no such time, no later than it was held. Whoever leased it since then, beyond its `dueAt` here, has it to
   * the end.
   */
  postpone(record: Held, failed: readonly FailedDelivery[], after: Date): Promise<void>;
}

export type Added =
  | { kind: "added"; reply: ReplyRecord }
  | { kind: "exists"; reply: StandingReply }
  | { kind: "rejected"; record: RejectionRecord }
  | { kind: "ticket-gone" };

export interface ReplyReader {
  findReplyByRequestId(requestId: string): Promise<StandingReply | undefined>;
  findReply(replyId: number): Promise<ReplyRecord | undefined>;
  /** The latest replies of a ticket, at most `limit`, the oldest of them first. */
  repliesOf(ticketId: number, limit: number): Promise<ReplyRecord[]>;
}

export interface ReplyStore extends ReplyReader, Outbox<ReplyRecord> {
  /**
   * Numbers the draft, writes it with its outbox, and changes its ticket: status, custom fields, time of the last reply.
   * `exists` when its identity was taken before: then too its ticket is changed, once, when this returns.
   * `ticket-gone`: there is no such ticket, and nothing is kept. `mayHaveTwin`, asked when the reply is stored and its ticket
   * not changed yet: whether the request may be decided elsewhere as well; `rejected` when it was, and nothing is kept. Throws
   * StoreUnavailable when the outcome cannot be known now: a repetition completes it.
   */
  add(draft: ReplyDraft, options: { mayHaveTwin(): boolean }): Promise<Added>;
  findByIdentity(identity: string): Promise<StandingReply | undefined>;
  /** Changes the ticket of a stored reply, unless that was done; removes the reply when its ticket is gone. Throws what the store refuses it for. */
  applyToTicket(reply: ReplyRecord): Promise<void>;
}
