import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { type Stored, toRecord } from "./ticket-documents.ts";

export const READS_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;

/**
 * A coalesced look-up by identity, without the fields `leftOut`: of many at once the large ones together are more than a process
 * may hold. A proposed rejection counts for nothing.
 */
export function lookUp<T extends { _id: string }, F extends keyof T = never>(
  collection: mongoose.mongo.Collection<T & Stored>,
  leftOut: readonly F[] = [],
): (identity: string) => Promise<Omit<T, F> | undefined> {
  const find = lookUpDocument(collection, { leftOut });
  return async (identity) => {
    const document = (await find(identity)) as (T & Stored) | undefined;
    return document === undefined || document.isProposed ? undefined : (toRecord(document) as unknown as Omit<T, F>);
  };
}

/** The same by identity, or by the requester's own name where that is another. */
export function lookUpRequest<T extends { _id: string }, F extends keyof T>(
  collection: mongoose.mongo.Collection<T & Stored>,
  leftOut: readonly F[],
): (name: string) => Promise<Omit<T, F> | undefined> {
  return coalesce<string, Omit<T, F> | undefined>({
    async run(names) {
      const wanted = { $in: [...new Set(names)] };
      const filter = { $or: [{ _id: wanted }, { alias: wanted }] } as object;
      const found = new Map<string, Omit<T, F>>();
      for (const document of await collection.find(filter, without(leftOut)).toArray()) {
        const record = toRecord(document as unknown as T & Stored) as unknown as Omit<T, F>;
        found.set(document.alias ?? (document._id as string), record).set(document._id as string, record);
      }
      return names.map((name) => found.get(name));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}

/** The same for documents, whatever they are. `timeoutMs`: when a look-up is given up; unset: as for any operation. */
export function lookUpDocument<T extends { _id: string } & Stored, F extends keyof T = never>(
  collection: mongoose.mongo.Collection<T>,
  { leftOut = [], timeoutMs }: { leftOut?: readonly F[]; timeoutMs?: number } = {},
): (identity: string) => Promise<Omit<T, F> | undefined> {
  return coalesce<string, Omit<T, F> | undefined>({
    async run(identities) {
      const filter = { _id: { $in: [...new Set(identities)] } } as mongoose.mongo.Filter<T>;
      const documents = await collection.find(filter, without(leftOut)).toArray();
      const found = new Map(documents.map((document) => [document._id as string, document as unknown as Omit<T, F>]));
      return identities.map((identity) => found.get(identity));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

/** What a query is to leave where it is. */
export function without(fields: readonly PropertyKey[]): { projection: Record<string, 0> } {
  return { projection: Object.fromEntries(fields.map((field) => [field, 0])) };
}

/** The record in a document that may be none. */
export function optionalRecord<T extends Stored>(document: T | null): Omit<T, keyof Stored> | undefined {
  return document === null ? undefined : toRecord(document);
}
