import type { RejectionRecord, ReplyRecord, TicketRecord } from "@openticket/contract";

/** What the documents hold beyond the records: the requester's own name, where it is not the identity, and the lease. */
export interface Stored {
  alias?: string;
  leasedBy?: string;
  /** Of a rejection that is not final yet; see mongo-rejections.ts. */
  isProposed?: true;
  /** Which proposal it is; missing, which a filter calls null: of an earlier version. */
  proposal?: string | null;
}
export type TicketDocument = TicketRecord & Stored;
export type ReplyDocument = ReplyRecord & Stored;
export type RejectionDocument = RejectionRecord & Stored;

/** The document of a record. */
export function toDocument<T extends { _id: string; requestId: string }>(record: T): T & Stored {
  return record.requestId === record._id ? record : { ...record, alias: record.requestId };
}

/** The record in a document. */
export function toRecord<T extends Stored>(document: T): Omit<T, keyof Stored> {
  if ((document.alias ?? document.leasedBy ?? document.isProposed ?? document.proposal) === undefined) return document;
  const { alias, leasedBy, isProposed, proposal, ...record } = document;
  return record;
}
