import type { RejectionRecord } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { makeMongoOutbox } from "./mongo-outbox.ts";
import type { RejectionDocument } from "./ticket-documents.ts";
import type { Outbox } from "./ticket-store.ts";

/** What rejections owe: only final ones do, a proposal counts for nothing (see mongo-rejections.ts). */
export function makeMongoRejectionOutbox(store: StoreConnection): Outbox<RejectionRecord> {
  return makeMongoOutbox<RejectionRecord>(store.db.collection<RejectionDocument>(COLLECTIONS.rejections), { isProposed: { $exists: false } });
}
