import type { RejectionRecord, TicketDraft, TicketRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { makeIdBlocks } from "./id-blocks.ts";
import { inTime } from "./in-time.ts";
import { makeMongoOutbox } from "./mongo-outbox.ts";
import { makeRejectionGuard } from "./mongo-rejections.ts";
import { commitBatch } from "./ticket-committer.ts";
import { type RejectionDocument, type Stored, type TicketDocument, toRecord } from "./ticket-documents.ts";
import type { Commit, Numbers, Rejection, TicketReader, TicketStore } from "./ticket-store.ts";

/** Writes under way at once. A second one halves the batches, and cost 12 % of the rate of a backlog. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Characters of messages in one batch, about bytes: MongoDB takes 48 MB in one command. */
const HEAVIEST_BATCH = 8_000_000;
const READS_IN_FLIGHT = 1;
/** A batch is tried again for 20 s, and its last try may take as long as an operation may, ms. */
const COMMIT_TIMEOUT_MS = 60_000;

/** Tickets in MongoDB. Reads are from the primary and of what a majority has, as the connection is set up. */
export function makeMongoTicketStore(store: StoreConnection, { numbers, now }: { numbers: Numbers; now(): Date }): TicketStore {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const ids = makeIdBlocks(store.db, () => now().getTime());
  const guard = makeRejectionGuard({ rejections, tickets, lookUp: lookUpDocument(rejections) });
  const committer = { tickets, takeIds: ids.take, numbers, nowMs: () => performance.now(), sleep };
  return {
    ...makeMongoTicketReader(store),
    ...makeMongoOutbox(tickets),
    commit: coalesce<TicketDraft, Commit>({
      run: (drafts) => commitBatch(drafts, committer),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ message }) => message.length,
      maxWeight: HEAVIEST_BATCH,
      timeoutMs: COMMIT_TIMEOUT_MS,
    }),
    reject: coalesce<RejectionRecord, Rejection>({ run: guard.rejectBatch, maxInFlight: WRITES_IN_FLIGHT, maxBatch: LARGEST_BATCH }),
    giveWay: (ticket, options) => inTime(guard.giveWay(ticket, options)),
  };
}

/** The part of the store that doors use. */
export function makeMongoTicketReader(store: StoreConnection): TicketReader {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const [byIdentity, rejectionByIdentity] = [lookUp(tickets), lookUp(rejections)];
  return {
    findByIdentity: byIdentity,
    findRejection: rejectionByIdentity,
    findByRequestId: async (requestId) => (await byIdentity(requestId)) ?? optionalRecord(await inTime(tickets.findOne({ alias: requestId }))),
    findRejectionByRequestId: async (requestId) =>
      (await rejectionByIdentity(requestId)) ?? optionalRecord(await inTime(rejections.findOne({ alias: requestId, isProposed: { $exists: false } }))),
    findById: async (id) => optionalRecord(await inTime(tickets.findOne({ id }))),
  };
}

/** A coalesced look-up by identity; a proposed rejection counts for nothing. */
function lookUp<T extends TicketRecord | RejectionRecord>(collection: mongoose.mongo.Collection<T & Stored>): (identity: string) => Promise<T | undefined> {
  const find = lookUpDocument(collection);
  return async (identity) => {
    const document = await find(identity);
    return document === undefined || document.isProposed ? undefined : (toRecord(document) as unknown as T);
  };
}

function lookUpDocument<T extends { _id: string } & Stored>(collection: mongoose.mongo.Collection<T>): (identity: string) => Promise<T | undefined> {
  return coalesce<string, T | undefined>({
    async run(identities) {
      const filter = { _id: { $in: [...new Set(identities)] } } as mongoose.mongo.Filter<T>;
      const found = new Map((await collection.find(filter).toArray()).map((document) => [document._id as string, document as unknown as T]));
      return identities.map((identity) => found.get(identity));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}

function optionalRecord<T extends Stored>(document: T | null): Omit<T, keyof Stored> | undefined {
  return document === null ? undefined : toRecord(document);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
