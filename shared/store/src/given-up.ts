import type { StoreConnection } from "./connect.ts";
import { type NamedDeliveries, named } from "./given-up-named.ts";
import {
  type Collections,
  collectionsOf,
  FIELDS,
  type Found,
  type GivenUp,
  type GivenUpFilter,
  givenUpOf,
  hasGivenUp,
  KINDS,
  type Kind,
  TOGETHER,
} from "./given-up-records.ts";
import { inBatches } from "./in-batches.ts";

/**
 * Deliveries that were given up, and how they are owed again.
 *
 * They are looked for among all tickets, replies and rejections, once for each question, as no index knows of them: see ADR 8.
 * Those of records that are named are found by the names.
 * Invariant: what is in hand elsewhere stays there. A record's due time may be a lease, and is then left alone: the entry is
 * delivered when that is over, or before, when something else of the record is due. Otherwise the record is due at once, by
 * MongoDB's own clock.
 */
export interface GivenUpDeliveries {
  /** The latest first. */
  list(filter: GivenUpFilter & { limit: number }): Promise<GivenUp[]>;
  /** All of them, some at a time: each is seen once, however many are owed again, and given up again, meanwhile. */
  batches(filter: GivenUpFilter): AsyncIterable<GivenUp[]>;
  /**
   * Those of tickets, with their replies, by number, or by an id that is no ticket's number, and of whatever a request became; of one
   * delivery alone by such a name, "/" and its key.
   */
  named(names: readonly string[], filter: GivenUpFilter): Promise<NamedDeliveries>;
  /** Lets relays deliver them, as if they had never been tried; the number of those that were still given up. Safe to run twice. */
  oweAgain(deliveries: readonly GivenUp[]): Promise<number>;
}

/** A due time that is nearer may be a lease, or the grace of a new record, ms: both are two minutes at most. */
const LONGEST_LEASE_MS = 180_000;

/** See {@link GivenUpDeliveries}. */
export function makeMongoGivenUp(store: StoreConnection): GivenUpDeliveries {
  const collections = collectionsOf(store);
  return {
    list: (filter) => list(filter, collections),
    async *batches(filter) {
      for (const of of KINDS) yield* batchesOf(of, filter, collections);
    },
    named: (names, filter) => named(names, filter, collections),
    async oweAgain(deliveries) {
      let owed = 0;
      for (const of of KINDS) owed += await oweAgain(of, deliveries, collections);
      return owed;
    },
  };
}

/** The number of tickets, replies and rejections of which something was given up. Looks through all of them. */
export async function countGivenUp(store: StoreConnection): Promise<number> {
  const collections = collectionsOf(store);
  const counts = await Promise.all(KINDS.map((of) => collections[of].countDocuments(hasGivenUp({}))));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function list({ limit, ...filter }: GivenUpFilter & { limit: number }, collections: Collections): Promise<GivenUp[]> {
  const latest = { projection: FIELDS, sort: { "outbox.deadAt": -1 }, limit } as const;
  const found = await Promise.all(
    KINDS.map(async (of) => (await collections[of].find(hasGivenUp(filter), latest).toArray()).flatMap((record) => givenUpOf(of, record, filter))),
  );
  const sorted = found.flat().toSorted((a, b) => b.entry.deadAt.getTime() - a.entry.deadAt.getTime());
  return withTickets(sorted.slice(0, limit), collections);
}

async function* batchesOf(of: Kind, filter: GivenUpFilter, collections: Collections): AsyncGenerator<GivenUp[]> {
  const found = collections[of].find(hasGivenUp(filter), { projection: FIELDS, batchSize: TOGETHER });
  for await (const records of inBatches(found, TOGETHER)) yield records.flatMap((record) => givenUpOf(of, record, filter));
}

async function withTickets(found: readonly Found[], { ticket: tickets }: Collections): Promise<GivenUp[]> {
  const ids = [...new Set(found.flatMap(({ ticketId }) => ticketId ?? []))];
  const named = ids.length === 0 ? [] : await tickets.find({ id: { $in: ids } }, { projection: { id: 1, tid: 1 } }).toArray();
  const tids = new Map(named.map(({ id, tid }) => [id, tid]));
  return found.map(({ ticketId, ...delivery }) => {
    const tid = tids.get(ticketId);
    return ticketId === undefined || tid === undefined ? delivery : { ...delivery, ticket: { id: ticketId, tid } };
  });
}

/** One update for each delivery, so that their number is that of the deliveries. */
async function oweAgain(of: Kind, deliveries: readonly GivenUp[], collections: Collections): Promise<number> {
  const own = deliveries.filter((delivery) => delivery.of === of);
  let owed = 0;
  for (let start = 0; start < own.length; start += TOGETHER) {
    const updates = own.slice(start, start + TOGETHER).map(({ identity, entry: { key } }) => {
      const isGivenUp = { $elemMatch: { key, deadAt: { $exists: true }, deliveredAt: { $exists: false } } };
      return { updateOne: { filter: { _id: identity, outbox: isGivenUp }, update: [owedAgain(key)] } };
    });
    owed += (await collections[of].bulkWrite(updates, { ordered: false })).modifiedCount;
  }
  return owed;
}

/** The counterpart of what the outbox does when a record owes nothing more; the lease's owner stays, as it may still read what it took. */
function owedAgain(key: string) {
  const isGivenUp = { $and: [{ $eq: ["$$entry.key", { $literal: key }] }, { $ne: [{ $type: "$$entry.deadAt" }, "missing"] }] };
  const untried = { $mergeObjects: ["$$entry", { attempts: 0, replayedAt: "$$NOW" }] };
  const owed = ["deadAt", "lastError", "nextTryAt"].reduce((input: object, field) => ({ $unsetField: { field, input } }), untried);
  const isInNobodysHand = { $or: [{ $eq: [{ $type: "$dueAt" }, "missing"] }, { $gt: ["$dueAt", { $add: ["$$NOW", LONGEST_LEASE_MS] }] }] };
  return {
    $set: {
      outbox: { $map: { input: "$outbox", as: "entry", in: { $cond: [isGivenUp, owed, "$$entry"] } } },
      dueAt: { $cond: [isInNobodysHand, "$$NOW", "$dueAt"] },
    },
  };
}
