import type { OutboxEntry } from "@openticket/contract";
import type { Outbox } from "./ticket-store.ts";

interface Owing {
  _id: string;
  outbox: OutboxEntry[];
  dueAt?: Date | undefined;
}

/** The outbox of tickets or replies in memory. */
export function makeMemoryOutbox<T extends Owing>(records: Map<string, T>): Outbox<T> {
  const change = (identity: string, update: (record: T) => T) => {
    const record = records.get(identity);
    if (record) records.set(identity, withoutDueWhenDone(update(record)));
  };
  const changeEntry = (record: T, key: string, changes: Partial<OutboxEntry>): T => ({
    ...record,
    outbox: record.outbox.map((entry) => (entry.key === key ? { ...entry, ...changes } : entry)),
  });
  return {
    async markDelivered(entries, at) {
      for (const { identity, key } of entries) change(identity, (record) => changeEntry(record, key, { deliveredAt: at }));
    },
    async leaseDue(now, leaseMs, limit, abridge = (record) => record) {
      const due = [...records.values()].filter(({ dueAt }) => dueAt !== undefined && dueAt <= now).slice(0, limit);
      const leased = due.map((record) => ({ ...record, dueAt: new Date(now.getTime() + leaseMs) }));
      for (const record of leased) records.set(record._id, record);
      return leased.map(abridge);
    },
    async postpone({ _id, dueAt: heldUntil = new Date(0) }, failed, after) {
      change(_id, (record) => {
        const noted = failed.reduce((sum, { key, error: lastError, ...changes }) => changeEntry(sum, key, { lastError, ...changes }), record);
        const triedAt = noted.outbox.filter(isOpen).map(({ nextTryAt = after }) => (nextTryAt > after ? nextTryAt : heldUntil).getTime());
        const isHeldStill = record.dueAt === undefined || record.dueAt <= heldUntil;
        return isHeldStill ? { ...noted, dueAt: new Date(Math.min(...triedAt)) } : noted;
      });
    },
  };
}

function withoutDueWhenDone<T extends Owing>(record: T): T {
  if (record.outbox.some(isOpen)) return record;
  const done = { ...record };
  delete done.dueAt;
  return done;
}

function isOpen({ deliveredAt, deadAt }: OutboxEntry): boolean {
  return !deliveredAt && !deadAt;
}

/** The record of that request, by its identity or by the requester's own name for it. */
export function byRequestId<T extends { requestId: string }>(records: Map<string, T>, requestId: string): T | undefined {
  return records.get(requestId) ?? [...records.values()].find((record) => record.requestId === requestId);
}
