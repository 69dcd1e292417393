import { type ReplyRecord, statusEntry } from "@openticket/contract";
import type mongoose from "mongoose";
import { owedForStatus } from "./status-owed.ts";
import type { ReplyDocument, TicketDocument } from "./ticket-documents.ts";

type Update = mongoose.mongo.AnyBulkWriteOperation<TicketDocument>;

/**
 * Changes the tickets of stored replies, in this order; what a reply has changed already it does not change again.
 * Replies whose ticket is there no more are removed. The ids of the missing tickets.
 */
export async function changeTickets(
  changing: readonly ReplyRecord[],
  { tickets, replies }: { tickets: mongoose.mongo.Collection<TicketDocument>; replies: mongoose.mongo.Collection<ReplyDocument> },
): Promise<ReadonlySet<number>> {
  if (changing.length === 0) return new Set();
  const { matchedCount } = await tickets.bulkWrite(changing.map(changeBy), { ordered: true });
  if (matchedCount === changing.length) return new Set();
  // The others have changed their tickets before, or have none.
  const ids = [...new Set(changing.map(({ ticketId }) => ticketId))];
  const there = new Set((await tickets.find({ id: { $in: ids } }, { projection: { id: 1 } }).toArray()).map(({ id }) => id));
  const gone = new Set(ids.filter((id) => !there.has(id)));
  if (gone.size > 0) await replies.deleteMany({ _id: { $in: changing.filter(({ ticketId }) => gone.has(ticketId)).map(({ _id }) => _id) } });
  return gone;
}

function changeBy(reply: ReplyRecord): Update {
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

function owedForReply({ replyId, status, addedAt, dueAt }: ReplyRecord) {
  return owedForStatus(statusEntry({ replyId }, { status, at: addedAt }), { $ne: ["$status", { $literal: status }] }, dueAt ?? addedAt);
}
