import { setTimeout as sleep } from "node:timers/promises";
import { NOT_IN_STANDING_REPLY, type ReplyRecord } from "@openticket/contract";
import { coalesce } from "./coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";
import { makeIdBlocks } from "./id-blocks.ts";
import { eachInTime, inTime } from "./in-time.ts";
import { COMMIT_TIMEOUT_MS } from "./insert-batch.ts";
import { lookUp, optionalRecord, without } from "./look-up.ts";
import { makeMongoOutbox } from "./mongo-outbox.ts";
import { rejectionGuardOf } from "./mongo-rejections.ts";
import { changeTickets } from "./reply-changes.ts";
import { type Adding, addBatch } from "./reply-committer.ts";
import { type ReplyDocument, type TicketDocument, toRecord } from "./ticket-documents.ts";
import type { Added, ReplyReader, ReplyStore } from "./ticket-store.ts";

/** Replies of one ticket keep their order when they travel together. */
const WRITES_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Characters of messages in one batch, mostly a byte each. MongoDB takes 16 MB in one command; a batch that is larger is halved. */
const HEAVIEST_BATCH = 8_000_000;

/** Replies in MongoDB, beside the tickets that they change. */
export function makeMongoReplyStore(store: StoreConnection, { now }: { now(): Date }): ReplyStore {
  const collections = {
    replies: store.db.collection<ReplyDocument>(COLLECTIONS.replies),
    tickets: store.db.collection<TicketDocument>(COLLECTIONS.tickets),
  };
  const ids = makeIdBlocks(store.db, "reply", () => now().getTime());
  const { giveWay } = rejectionGuardOf(store);
  const committer = { ...collections, db: store.db, takeIds: ids.take, giveWay, nowMs: () => performance.now(), sleep };
  const add = coalesce<Adding, Added>({
    run: (adding) => addBatch(adding, committer),
    maxInFlight: WRITES_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
    weigh: ({ draft }) => draft.message.length,
    maxWeight: HEAVIEST_BATCH,
    timeoutMs: COMMIT_TIMEOUT_MS,
  });
  return {
    ...makeMongoReplyReader(store),
    ...makeMongoOutbox<ReplyRecord>(collections.replies),
    add: (draft, { mayHaveTwin }) => add({ draft, mayHaveTwin }),
    findByIdentity: lookUp(collections.replies, NOT_IN_STANDING_REPLY),
    async applyToTicket(reply) {
      const outcome = (await inTime(changeTickets([reply], collections))).get(reply);
      if (outcome instanceof Error) throw outcome;
    },
  };
}

/** The part of the store that doors use. */
export function makeMongoReplyReader(store: StoreConnection): ReplyReader {
  const replies = store.db.collection<ReplyDocument>(COLLECTIONS.replies);
  const byIdentity = lookUp(replies, NOT_IN_STANDING_REPLY);
  return eachInTime({
    findReplyByRequestId: async (requestId) =>
      (await byIdentity(requestId)) ?? optionalRecord(await replies.findOne({ alias: requestId }, without(NOT_IN_STANDING_REPLY))),
    findReply: async (replyId) => optionalRecord(await replies.findOne({ replyId })),
    async repliesOf(ticketId, limit) {
      const latest = await replies.find({ ticketId }, { sort: { addedAt: -1, replyId: -1 }, limit }).toArray();
      return latest.map(toRecord).reverse();
    },
  });
}
