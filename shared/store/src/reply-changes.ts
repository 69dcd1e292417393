import { type ReplyRecord, statusEntry } from "@openticket/contract";
import type mongoose from "mongoose";
import { asError } from "./insert-batch.ts";
import { isStoreOutage } from "./outage.ts";
import { owedForStatus } from "./status-owed.ts";
import type { ReplyDocument, TicketDocument } from "./ticket-documents.ts";

type Update = mongoose.mongo.AnyBulkWriteOperation<TicketDocument>;

interface Collections {
  tickets: mongoose.mongo.Collection<TicketDocument>;
  replies: mongoose.mongo.Collection<ReplyDocument>;
}

/** What of a reply changes its ticket. */
export type ChangingReply = Pick<ReplyRecord, "_id" | "replyId" | "ticketId" | "status" | "createdAt" | "addedAt" | "dueAt" | "customfields" | "tellsOfStatus">;

/** Replies that have not changed their ticket: it is there no more, or the store refuses the change. */
export type Unchanged = ReadonlyMap<ChangingReply, { kind: "ticket-gone" } | Error>;

/**
 * Changes the tickets of stored replies, in this order; what a reply has changed already it does not change again. Replies
 * whose ticket is there no more are removed. Throws on an outage: then a repetition completes what was begun.
 */
export async function changeTickets(changing: readonly ChangingReply[], collections: Collections): Promise<Unchanged> {
  if (changing.length === 0) return new Map();
  try {
    return await changeTogether(changing, collections);
  } catch (error) {
    if (isStoreOutage(error)) throw error;
    return changeHalves(changing, collections, error);
  }
}

async function changeTogether(changing: readonly ChangingReply[], { tickets, replies }: Collections): Promise<Unchanged> {
  const { matchedCount } = await tickets.bulkWrite(changing.map(changeBy), { ordered: true });
  if (matchedCount === changing.length) return new Map();
  // The others have changed their tickets before, or have none.
  const ids = [...new Set(changing.map(({ ticketId }) => ticketId))];
  const there = new Set((await tickets.find({ id: { $in: ids } }, { projection: { id: 1 } }).toArray()).map(({ id }) => id));
  const lost = changing.filter(({ ticketId }) => !there.has(ticketId));
  if (lost.length > 0) await replies.deleteMany({ _id: { $in: lost.map(({ _id }) => _id) } });
  return new Map(lost.map((reply) => [reply, { kind: "ticket-gone" }]));
}

/** One change that is refused, as its ticket would grow too large, stops those behind it: it is found by halving, which keeps their order. */
async function changeHalves(changing: readonly ChangingReply[], collections: Collections, cause: unknown): Promise<Unchanged> {
  const [only] = changing;
  if (changing.length === 1 && only) return new Map([[only, asError(cause)]]);
  const middle = Math.ceil(changing.length / 2);
  const [a, b] = [await changeTickets(changing.slice(0, middle), collections), await changeTickets(changing.slice(middle), collections)];
  return new Map([...a, ...b]);
}

function changeBy(reply: ChangingReply): Update {
  const { ticketId, replyId, status, createdAt, customfields, tellsOfStatus } = reply;
  const filter = { id: ticketId, replyIds: { $ne: replyId } };
  if (customfields.length === 0 && !tellsOfStatus) {
    return { updateOne: { filter, update: { $set: { status }, $max: { lastReplyAt: createdAt }, $push: { replyIds: replyId } } } };
  }
  const ids = customfields.map(({ id }) => id);
  const others = { $filter: { input: "$customfields", as: "field", cond: { $not: [{ $in: ["$$field.id", ids] }] } } };
  const changes = {
    status: { $literal: status },
    lastReplyAt: { $max: ["$lastReplyAt", createdAt] },
    replyIds: { $concatArrays: [{ $ifNull: ["$replyIds", []] }, [replyId]] },
    ...(customfields.length > 0 && { customfields: { $concatArrays: [others, { $literal: customfields }] } }),
    ...(tellsOfStatus && owedForReply(reply)),
  };
  return { updateOne: { filter, update: [{ $set: changes }] } };
}

function owedForReply({ replyId, status, addedAt, dueAt }: ChangingReply) {
  return owedForStatus(statusEntry({ replyId }, { status, at: addedAt }), { $ne: ["$status", { $literal: status }] }, dueAt ?? addedAt);
}
