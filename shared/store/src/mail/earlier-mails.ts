import type { InboundRecord } from "@openticket/contract";
import type mongoose from "mongoose";
import { coalesce } from "../coalesce.ts";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { inTime } from "../in-time.ts";

/** Mails that came in and are not decided yet, for those that refer to them. */
export interface EarlierMails {
  /** Which of these Message-IDs is that of one that came in before this record; of several any. */
  findUndecided(messageIds: readonly string[], record: Came): Promise<string | undefined>;
  /** Notes that a message waits for another one, from now on unless it does already; since when it does. */
  beginWait(id: string, now: Date): Promise<Date>;
}

type Came = Pick<InboundRecord, "_id" | "receivedAt">;
type Records = mongoose.mongo.Collection<InboundRecord>;

interface Asked {
  messageIds: readonly string[];
  record: Came;
}

const READS_IN_FLIGHT = 1;
const LARGEST_BATCH = 500;
/** Undecided mails with these Message-IDs that are looked at. */
const MAX_FOUND = 2000;

/** See {@link EarlierMails}. */
export function makeMongoEarlierMails({ db }: StoreConnection): EarlierMails {
  const records: Records = db.collection<InboundRecord>(COLLECTIONS.inbound);
  const find = coalesce<Asked, string | undefined>({ run: (batch) => findBatch(batch, records), maxInFlight: READS_IN_FLIGHT, maxBatch: LARGEST_BATCH });
  return {
    findUndecided: (messageIds, record) => find({ messageIds, record }),
    async beginWait(_id, now) {
      const isFirst = await inTime(records.updateOne({ _id, waitsSince: { $exists: false } }, { $set: { waitsSince: now } }));
      if (isFirst.matchedCount > 0) return now;
      return (await inTime(records.findOne({ _id }, { projection: { waitsSince: 1 } })))?.waitsSince ?? now;
    },
  };
}

async function findBatch(batch: readonly Asked[], records: Records): Promise<(string | undefined)[]> {
  const messageId = { $in: [...new Set(batch.flatMap(({ messageIds }) => messageIds))] };
  const undecided = { messageId, checkAt: { $exists: true } };
  const found = await records.find(undecided, { projection: { messageId: 1, receivedAt: 1 }, limit: MAX_FOUND }).toArray();
  return batch.map(({ messageIds, record }) => found.find((other) => messageIds.includes(other.messageId ?? "") && isBefore(other, record))?.messageId);
}

/** In one order for all, so that no two wait for one another. */
function isBefore(one: Came, other: Came): boolean {
  const apartMs = one.receivedAt.getTime() - other.receivedAt.getTime();
  return apartMs < 0 || (apartMs === 0 && one._id < other._id);
}
