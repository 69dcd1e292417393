import type { OutboxEntry } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import type { Stored } from "./ticket-documents.ts";

export interface GivenUpFilter {
  kind?: OutboxEntry["kind"] | undefined;
  /** Given up then or later. */
  since?: Date | undefined;
}

export interface GivenUp {
  of: Kind;
  /** `_id` of its record. */
  identity: string;
  requestId: string;
  /** Not of a rejection, nor of a reply whose ticket is gone. */
  ticket?: { id: number; tid: string };
  entry: OutboxEntry & { deadAt: Date };
}

export type Kind = "ticket" | "reply" | "rejection";
export const KINDS: readonly Kind[] = ["ticket", "reply", "rejection"];

/** What is read of a record with an outbox, whatever its kind. */
export type Owing = Stored & { _id: string; requestId: string; outbox?: OutboxEntry[]; dueAt?: Date; id?: number; tid?: string; ticketId?: number };
export const FIELDS = { requestId: 1, alias: 1, outbox: 1, id: 1, tid: 1, ticketId: 1 } as const;
/** Records that are read, or changed, together. */
export const TOGETHER = 500;

export type Collections = Record<Kind, mongoose.mongo.Collection<Owing>>;

export function collectionsOf({ db }: StoreConnection): Collections {
  return {
    ticket: db.collection<Owing>(COLLECTIONS.tickets),
    reply: db.collection<Owing>(COLLECTIONS.replies),
    rejection: db.collection<Owing>(COLLECTIONS.rejections),
  };
}

/** Records with a delivery that was given up. A relay whose lease was over may have given up what another one has delivered. */
export function hasGivenUp({ kind, since }: GivenUpFilter): mongoose.mongo.Filter<Owing> {
  const isWanted = { deadAt: since ? { $gte: since } : { $exists: true }, deliveredAt: { $exists: false }, ...(kind && { kind }) };
  return { outbox: { $elemMatch: isWanted }, isProposed: { $exists: false } };
}

/** `ticketId`: of a reply, until its ticket is filled in. */
export type Found = GivenUp & { ticketId?: number };

/** The deliveries of a record that were given up. */
export function givenUpOf(of: Kind, record: Owing, { kind, since }: GivenUpFilter): Found[] {
  const { _id: identity, requestId, outbox = [], id, tid, ticketId } = record;
  return outbox.flatMap((entry) => {
    const { deadAt, deliveredAt } = entry;
    if (!deadAt || deliveredAt || (kind && entry.kind !== kind) || (since && deadAt < since)) return [];
    const ticket = id !== undefined && tid !== undefined && { ticket: { id, tid } };
    return [{ of, identity, requestId, ...ticket, ...(ticketId !== undefined && { ticketId }), entry: { ...entry, deadAt } }];
  });
}
