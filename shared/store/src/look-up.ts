import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { type Stored, toRecord } from "./ticket-documents.ts";

export const READS_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;

/** A coalesced look-up by identity; a proposed rejection counts for nothing. */
export function lookUp<T extends { _id: string }>(collection: mongoose.mongo.Collection<T & Stored>): (identity: string) => Promise<T | undefined> {
  const find = lookUpDocument(collection);
  return async (identity) => {
    const document = await find(identity);
    return document === undefined || document.isProposed ? undefined : (toRecord(document) as unknown as T);
  };
}

/** The same by identity, or by the requester's own name where that is another. */
export function lookUpRequest<T extends { _id: string }>(collection: mongoose.mongo.Collection<T & Stored>): (name: string) => Promise<T | undefined> {
  return coalesce<string, T | undefined>({
    async run(names) {
      const wanted = { $in: [...new Set(names)] };
      const filter = { $or: [{ _id: wanted }, { alias: wanted }] } as object;
      const found = new Map<string, T>();
      for (const document of await collection.find(filter).toArray()) {
        const record = toRecord(document as unknown as T & Stored) as unknown as T;
        found.set(document.alias ?? (document._id as string), record).set(document._id as string, record);
      }
      return names.map((name) => found.get(name));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}

/** The same for whole documents, whatever they are. `timeoutMs`: when a look-up is given up; unset: as for any operation. */
export function lookUpDocument<T extends { _id: string } & Stored>(
  collection: mongoose.mongo.Collection<T>,
  { timeoutMs }: { timeoutMs?: number } = {},
): (identity: string) => Promise<T | undefined> {
  return coalesce<string, T | undefined>({
    async run(identities) {
      const filter = { _id: { $in: [...new Set(identities)] } } as mongoose.mongo.Filter<T>;
      const found = new Map((await collection.find(filter).toArray()).map((document) => [document._id as string, document as unknown as T]));
      return identities.map((identity) => found.get(identity));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

/** The record in a document that may be none. */
export function optionalRecord<T extends Stored>(document: T | null): Omit<T, keyof Stored> | undefined {
  return document === null ? undefined : toRecord(document);
}
