import type { RejectionRecord, TicketDraft, TicketHead, TicketRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { makeIdBlocks } from "./id-blocks.ts";
import { insertOrFind } from "./insert-or-find.ts";
import { lookUp, optionalRecord, READS_IN_FLIGHT } from "./look-up.ts";
import { makeMongoOutbox } from "./mongo-outbox.ts";
import { commitBatch } from "./ticket-committer.ts";
import { type RejectionDocument, type TicketDocument, toDocument, toRecord } from "./ticket-documents.ts";
import type { Commit, Numbers, Rejection, TicketReader, TicketStore } from "./ticket-store.ts";

/** Writes under way at once. A second one halves the batches, and cost 12 % of the rate of a backlog. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Characters of messages in one batch, about bytes: MongoDB takes 48 MB in one command. */
const HEAVIEST_BATCH = 8_000_000;
/** What a reply does not need of its ticket, and may be large. */
const NOT_IN_HEAD = { message: 0, markdown: 0, attachments: 0, outbox: 0, decisions: 0, fingerprint: 0, replyIds: 0, dueAt: 0 } as const;

/** Tickets in MongoDB. Reads are from the primary and of what a majority has, as the connection is set up. */
export function makeMongoTicketStore(store: StoreConnection, { numbers, now }: { numbers: Numbers; now(): Date }): TicketStore {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const ids = makeIdBlocks(store.db, "ticket", () => now().getTime());
  const committer = { tickets, takeIds: ids.take, numbers, nowMs: () => performance.now(), sleep };
  return {
    ...makeMongoTicketReader(store),
    ...makeMongoOutbox<TicketRecord>(tickets),
    commit: coalesce<TicketDraft, Commit>({
      run: (drafts) => commitBatch(drafts, committer),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ message }) => message.length,
      maxWeight: HEAVIEST_BATCH,
    }),
    findByIdentity: lookUp(tickets),
    findRejection: lookUp(rejections),
    findHead: findHeads(tickets),
    reject: coalesce<RejectionRecord, Rejection>({
      run: (records) => rejectBatch(records, rejections),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
    }),
  };
}

/** The part of the store that doors use. */
export function makeMongoTicketReader(store: StoreConnection): TicketReader {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const [byIdentity, rejectionByIdentity] = [lookUp(tickets), lookUp(rejections)];
  return {
    findByRequestId: async (requestId) => (await byIdentity(requestId)) ?? optionalRecord(await tickets.findOne({ alias: requestId })),
    findRejectionByRequestId: async (requestId) => (await rejectionByIdentity(requestId)) ?? optionalRecord(await rejections.findOne({ alias: requestId })),
    findById: async (id) => optionalRecord(await tickets.findOne({ id })),
  };
}

/** A coalesced look-up of what replies need of their tickets. */
function findHeads(tickets: mongoose.mongo.Collection<TicketDocument>): (id: number) => Promise<TicketHead | undefined> {
  return coalesce<number, TicketHead | undefined>({
    async run(ids) {
      const found = await tickets.find({ id: { $in: [...new Set(ids)] } }, { projection: NOT_IN_HEAD }).toArray();
      const heads = new Map(found.map((document) => [document.id, toRecord(document)]));
      return ids.map((id) => heads.get(id));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}

/** Writes rejections; where one stands already, that one is the answer. */
async function rejectBatch(records: readonly RejectionRecord[], rejections: mongoose.mongo.Collection<RejectionDocument>): Promise<Rejection[]> {
  const standing = await insertOrFind(records.map(toDocument), rejections);
  return records.map((record, index) => {
    const earlier = standing[index];
    return earlier ? { kind: "exists", record: toRecord(earlier) } : { kind: "rejected", record };
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
