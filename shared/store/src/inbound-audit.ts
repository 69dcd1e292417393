import type { InboundRecord, InboundState } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/** How many messages are in which state. */
export async function inboundCounts(store: StoreConnection): Promise<Partial<Record<InboundState, number>>> {
  const inbound = store.db.collection<InboundRecord>(COLLECTIONS.inbound);
  const counts = await inbound.aggregate<{ _id: InboundState; count: number }>([{ $group: { _id: "$state", count: { $sum: 1 } } }]).toArray();
  return Object.fromEntries(counts.map(({ _id, count }) => [_id, count]));
}

export interface StrandedInbound {
  kind: "raw-missing" | "ticket-missing";
  /** The message. */
  about: string;
  detail: string;
}

/** Messages whose raw content, or the call that brought them, is gone, and those that are said to have become a ticket which is not there. */
export async function strandedInbound(store: StoreConnection, limit: number): Promise<StrandedInbound[]> {
  const isKept = { contentRemovedAt: { $exists: false } };
  const cameByWebhook = { ...isKept, "source.webhook": { $exists: true } };
  const [withoutRaw, withoutCall, withoutTicket] = await Promise.all([
    without(store, { from: COLLECTIONS.blobs, localField: "raw.sha256", foreignField: "_id" }, isKept, limit),
    without(store, { from: COLLECTIONS.blobs, localField: "source.webhook.body.sha256", foreignField: "_id" }, cameByWebhook, limit),
    without(store, { from: COLLECTIONS.tickets, localField: "ticket.id", foreignField: "id" }, { "ticket.id": { $exists: true } }, limit),
  ]);
  return [
    ...withoutRaw.map((about) => ({ kind: "raw-missing" as const, about, detail: "came in, and its raw content is not in the store" })),
    ...withoutCall.map((about) => ({ kind: "raw-missing" as const, about, detail: "came by a webhook, and the body of its call is not in the store" })),
    ...withoutTicket.map((about) => ({ kind: "ticket-missing" as const, about, detail: "is said to have become a ticket that is not there" })),
  ];
}

interface Join {
  from: string;
  localField: string;
  foreignField: string;
}

async function without(store: StoreConnection, join: Join, match: object, limit: number): Promise<string[]> {
  const look = { $lookup: { ...join, as: "other", pipeline: [{ $project: { _id: 1 } }] } };
  const pipeline = [{ $match: match }, look, { $match: { "other.0": { $exists: false } } }, { $project: { _id: 1 } }, { $limit: limit }];
  const found = await store.db.collection<InboundRecord>(COLLECTIONS.inbound).aggregate<{ _id: string }>(pipeline).toArray();
  return found.map(({ _id }) => _id);
}
