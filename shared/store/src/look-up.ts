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
