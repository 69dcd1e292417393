import { setTimeout as sleep } from "node:timers/promises";
import { NOT_IN_STANDING_TICKET, NOT_IN_TICKET_HEAD, type RejectionRecord, type TicketDraft, type TicketHead, type TicketRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { makeIdBlocks } from "./id-blocks.ts";
import { inTime } from "./in-time.ts";
import { COMMIT_TIMEOUT_MS } from "./insert-batch.ts";
import { lookUp, optionalRecord, READS_IN_FLIGHT, without } from "./look-up.ts";
import { makeMongoOutbox } from "./mongo-outbox.ts";
import { rejectionGuardOf } from "./mongo-rejections.ts";
import { commitBatch } from "./ticket-committer.ts";
import { type RejectionDocument, type TicketDocument, toRecord } from "./ticket-documents.ts";
import type { Commit, Numbers, Rejection, TicketReader, TicketStore } from "./ticket-store.ts";

/** Writes under way at once. A second one halves the batches, and cost 12 % of the rate of a backlog. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Characters of tickets in one batch, mostly a byte each. MongoDB takes 16 MB in one command; a batch that is larger is halved. */
const HEAVIEST_BATCH = 8_000_000;
/** Of rejections, which are not halved. */
const HEAVIEST_BATCH_BYTES = 8_000_000;
const [HEAD_ALONE, STANDING_ALONE] = [without(NOT_IN_TICKET_HEAD), without(NOT_IN_STANDING_TICKET)];

/** Tickets in MongoDB. Reads are from the primary and of what a majority has, as the connection is set up. */
export function makeMongoTicketStore(store: StoreConnection, { numbers, now }: { numbers: Numbers; now(): Date }): TicketStore {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const ids = makeIdBlocks(store.db, "ticket", () => now().getTime());
  const guard = rejectionGuardOf(store);
  const committer = { db: store.db, tickets, takeIds: ids.take, numbers, nowMs: () => performance.now(), sleep };
  return {
    ...makeMongoTicketReader(store),
    ...makeMongoOutbox<TicketRecord>(tickets),
    commit: coalesce<TicketDraft, Commit>({
      run: (drafts) => commitBatch(drafts, committer),
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: charactersIn,
      maxWeight: HEAVIEST_BATCH,
      timeoutMs: COMMIT_TIMEOUT_MS,
    }),
    findHead: findHeads(tickets),
    reject: coalesce<RejectionRecord, Rejection>({
      run: guard.rejectBatch,
      maxInFlight: WRITES_IN_FLIGHT,
      maxBatch: LARGEST_BATCH,
      weigh: ({ source, errors }) => Buffer.byteLength(JSON.stringify([source, errors])),
      maxWeight: HEAVIEST_BATCH_BYTES,
    }),
    giveWay: (ticket, options) => guard.giveWay({ kind: "opened", ticket }, options),
  };
}

/** Of everything in a ticket that a caller may make long. */
function charactersIn({ subject, message, opener, customfields, source }: TicketDraft): number {
  const fields = customfields.length > 0 ? jsonLength(customfields) : 0;
  return subject.length + message.length + opener.name.length + opener.email.length + jsonLength(source) + fields;
}

function jsonLength(value: object): number {
  return JSON.stringify(value).length;
}

/** The part of the store that doors use. */
export function makeMongoTicketReader(store: StoreConnection): TicketReader {
  const tickets = store.db.collection<TicketDocument>(COLLECTIONS.tickets);
  const rejections = store.db.collection<RejectionDocument>(COLLECTIONS.rejections);
  const [byIdentity, rejectionByIdentity] = [lookUp(tickets, NOT_IN_STANDING_TICKET), lookUp(rejections)];
  return {
    findByIdentity: byIdentity,
    findRejection: rejectionByIdentity,
    findByRequestId: async (requestId) => (await byIdentity(requestId)) ?? optionalRecord(await inTime(tickets.findOne({ alias: requestId }, STANDING_ALONE))),
    findRejectionByRequestId: async (requestId) =>
      (await rejectionByIdentity(requestId)) ?? optionalRecord(await inTime(rejections.findOne({ alias: requestId, isProposed: { $exists: false } }))),
    findById: async (id) => optionalRecord(await inTime(tickets.findOne({ id }))),
  };
}

/** A coalesced look-up of what replies need of their tickets. */
function findHeads(tickets: mongoose.mongo.Collection<TicketDocument>): (id: number) => Promise<TicketHead | undefined> {
  return coalesce<number, TicketHead | undefined>({
    async run(ids) {
      const found = await tickets.find({ id: { $in: [...new Set(ids)] } }, HEAD_ALONE).toArray();
      const heads = new Map(found.map((document) => [document.id, toRecord(document)]));
      return ids.map((id) => heads.get(id));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}
