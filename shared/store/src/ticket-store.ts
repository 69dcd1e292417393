import type { RejectionRecord, TicketDraft, TicketRecord } from "@openticket/contract";

/** What the store promises about tickets and outcomes; its Mongo and its memory form pass the same tests. */

export type Commit = { kind: "opened"; ticket: TicketRecord } | { kind: "exists"; ticket: TicketRecord } | { kind: "out-of-numbers" };
export type Rejection = { kind: "rejected"; record: RejectionRecord } | { kind: "exists"; record: RejectionRecord } | { kind: "opened"; ticket: TicketRecord };
export type Postponement = { error: string; attempts: number; dueAt: Date } | { error: string; deadAt: Date };

/** Makes the numbers that people see; ids are the store's own. */
export interface Numbers {
  tid(id: number, at: Date): string;
  accessCode(): string;
}

export interface TicketReader {
  findByIdentity(identity: string): Promise<TicketRecord | undefined>;
  findRejection(identity: string): Promise<RejectionRecord | undefined>;
  /** By the identity that the requester's name for the request leads to, or by that name itself. */
  findByRequestId(requestId: string): Promise<TicketRecord | undefined>;
  findRejectionByRequestId(requestId: string): Promise<RejectionRecord | undefined>;
  findById(id: number): Promise<TicketRecord | undefined>;
}

export interface TicketStore extends TicketReader {
  /**
   * Numbers the draft and writes it with its outbox, journaled on a majority. `exists` when its identity was taken
   * before. Throws StoreUnavailable when the outcome cannot be known now: a repetition finds it.
   */
  commit(draft: TicketDraft): Promise<Commit>;
  /**
   * Stores a rejection, unless one stands already or the request has a ticket: then that is the answer. Throws
   * StoreUnavailable when another decides the same request at this moment: a repetition finds what came of it.
   */
  reject(record: RejectionRecord): Promise<Rejection>;
  /**
   * For a ticket of a request that may be decided elsewhere as well, before anybody is told of it: the rejection that
   * came first. `isOurs`: this call's own commit has stored the ticket, and it is removed then.
   */
  giveWay(ticket: TicketRecord, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
  /** Marks deliveries as done; a ticket that owes nothing more is no longer due. */
  markDelivered(entries: { identity: string; key: string }[], at: Date): Promise<void>;
  /** Tickets that are due, each due again only after `leaseMs`; no two callers get the same one. */
  leaseDue(now: Date, leaseMs: number, limit: number): Promise<TicketRecord[]>;
  /** Notes a failed delivery: due again, or dead. */
  postpone(identity: string, key: string, next: Postponement): Promise<void>;
}
