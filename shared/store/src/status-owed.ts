import type { EventEntry } from "@openticket/contract";

/**
 * The event of a change of status in its ticket's outbox, as fields of the same update; `isChange` is MongoDB's condition.
 * Events that were told of earlier changes leave it, so that a long story does not make a large ticket.
 */
export function owedForStatus({ event, ...entry }: EventEntry, isChange: object, dueAt: Date) {
  const isTold = { $and: [{ $eq: ["$$entry.event.type", event.type] }, { $ne: [{ $type: "$$entry.deliveredAt" }, "missing"] }] };
  const kept = { $filter: { input: "$outbox", as: "entry", cond: { $not: [isTold] } } };
  const owed = { $mergeObjects: [{ $literal: entry }, { event: { $mergeObjects: [{ $literal: event }, { from: "$status" }] } }] };
  return {
    outbox: { $cond: [isChange, { $concatArrays: [kept, [owed]] }, "$outbox"] },
    // Whatever else is owed keeps its due time: it may be in hand. The process that changes the status tells of it at once.
    dueAt: { $cond: [isChange, { $ifNull: ["$dueAt", dueAt] }, "$dueAt"] },
  };
}
