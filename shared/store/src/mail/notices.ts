import type { Notice } from "@openticket/contract";
import { COLLECTIONS, type StoreConnection } from "../connect.ts";
import { eachInTime } from "../in-time.ts";
import { insertNew } from "../insert-new.ts";

/** Mails that say why others were refused; owed like what stands in a ticket's outbox, but by nobody's ticket. */
export interface Notices {
  /** False when one of that name is owed or was sent before. */
  owe(notice: Notice): Promise<boolean>;
  /** What is due, each due again only after `leaseMs`; no two callers get the same one. */
  leaseDue(now: Date, leaseMs: number, limit: number): Promise<Notice[]>;
  sent(id: string, at: Date): Promise<void>;
  postpone(id: string, next: { error: string; attempts: number; dueAt?: Date | undefined }): Promise<void>;
}

/** See {@link Notices}. */
export function makeMongoNotices(store: StoreConnection): Notices {
  const notices = store.db.collection<Notice>(COLLECTIONS.mailNotices);
  return eachInTime({
    owe: (notice) => insertNew(notice, notices),
    async leaseDue(now, leaseMs, limit) {
      const due = await notices.find({ dueAt: { $lte: now } }, { sort: { dueAt: 1 }, limit }).toArray();
      const leased = await Promise.all(
        due.map(({ _id, dueAt }) =>
          dueAt === undefined
            ? null
            : notices.findOneAndUpdate({ _id, dueAt }, { $set: { dueAt: new Date(now.getTime() + leaseMs) } }, { returnDocument: "after" }),
        ),
      );
      return leased.filter((notice) => notice !== null);
    },
    async sent(id, at) {
      await notices.updateOne({ _id: id }, { $set: { sentAt: at }, $unset: { dueAt: 1 } });
    },
    async postpone(id, { error, attempts, dueAt }) {
      const change = { $set: { lastError: error, attempts, ...(dueAt && { dueAt }) } };
      await notices.updateOne({ _id: id }, dueAt ? change : { ...change, $unset: { dueAt: 1 } });
    },
  });
}
