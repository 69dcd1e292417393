import type mongoose from "mongoose";
import { isDuplicateKey } from "./duplicate-key.ts";

/** Inserts a document; false when there is one of that name. Throws on an outage. */
export async function insertNew<Document extends { _id: string }>(document: Document, into: mongoose.mongo.Collection<Document>): Promise<boolean> {
  try {
    await into.insertOne(document as mongoose.mongo.OptionalUnlessRequiredId<Document>);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
