import { hash } from "node:crypto";
import type { TicketEvent } from "@openticket/contract";
import type mongoose from "mongoose";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { eachInTime } from "./in-time.ts";

/**
 * Which events are about the same thing: for each source and key, the request whose ticket counts them now.
 *
 * The request is that of the event which came first; it may open the ticket late, or never, because any event may open it in
 * its name. So whoever comes first, on whatever worker, there is one ticket; and a key that is forgotten and comes back
 * starts with the request of another event, which cannot meet an old ticket.
 */
export interface Correlations {
  /** What an event of that key belongs to: what the latest one within the window belongs to, else itself. Safe to repeat. */
  claim(claim: Claim): Promise<Correlation>;
  /** From now on events of that key belong to the request `to`, unless they do not belong to `from` any more. */
  startOver(claim: Pick<Claim, "source" | "key">, from: string, to: string): Promise<void>;
  /** What said last that it is over, of those that belong to that request. */
  findResolved(claim: Pick<Claim, "source" | "key">, requestId: string): Promise<Correlation["resolved"]>;
}

/** An event that asks what it belongs to. `at`: when it happened. */
export interface Claim {
  source: string;
  key: string;
  requestId: string;
  inboundId: string;
  at: Date;
  receivedAt: Date;
  windowMs: number;
  isResolved: boolean;
}

export interface Correlation {
  /** SHA-256 over source and key. */
  _id: string;
  source: string;
  requestId: string;
  /** When its latest event came in. */
  lastAt: Date;
  /** In this order: MongoDB compares field by field. */
  resolved?: Omit<TicketEvent, "state">;
  /** Later than the end of its window. */
  expiresAt: Date;
}

/** How much longer than its window, and after it was asked for, a key is kept, ms: events may wait, and be replayed together long after. */
const KEPT_BEYOND_MS = 86_400_000;

/** See {@link Correlations}. */
export function makeMongoCorrelations(store: StoreConnection): Correlations {
  const correlations = store.db.collection<Correlation>(COLLECTIONS.correlations);

  async function claim(given: Claim): Promise<Correlation> {
    const claimed = await correlations.findOneAndUpdate({ _id: idOf(given) }, claimUpdate(given), { upsert: true, returnDocument: "after" });
    if (!claimed) throw new Error("an upsert has left nothing");
    return claimed;
  }

  return eachInTime({
    claim: (given) =>
      claim(given).catch((error: unknown) => {
        // Two events made the first document of a key at once: now it is there.
        if (isDuplicateKey(error)) return claim(given);
        throw error;
      }),
    async startOver(about, from, to) {
      await correlations.updateOne({ _id: idOf(about), requestId: from }, { $set: { requestId: to }, $unset: { resolved: 1 } });
    },
    async findResolved(about, requestId) {
      return (await correlations.findOne({ _id: idOf(about), requestId }, { projection: { resolved: 1 } }))?.resolved;
    },
  });
}

function idOf({ source, key }: Pick<Claim, "source" | "key">): string {
  return hash("sha256", `${source}\0${key}`);
}

/** Nothing that is there yet counts as a time before all others. */
function claimUpdate({ source, requestId, inboundId, at, receivedAt, windowMs, isResolved }: Claim): mongoose.mongo.Document[] {
  const isOver = { $lt: ["$lastAt", new Date(receivedAt.getTime() - windowMs)] };
  const lastAt = { $max: ["$lastAt", receivedAt] };
  const earlier = { $cond: [isOver, null, "$resolved"] };
  return [
    {
      $set: {
        source: { $literal: source },
        requestId: { $cond: [isOver, { $literal: requestId }, "$requestId"] },
        lastAt,
        expiresAt: { $max: [{ $add: [lastAt, windowMs + KEPT_BEYOND_MS] }, { $add: ["$$NOW", KEPT_BEYOND_MS] }] },
        resolved: { $ifNull: [{ $max: [earlier, isResolved ? { at, receivedAt, inboundId: { $literal: inboundId } } : null] }, "$$REMOVE"] },
      },
    },
  ];
}
