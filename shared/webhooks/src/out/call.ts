import { type CALL_TYPES, callIdOf, type WebhookCallRecord } from "@openticket/contract";
import { CALL_LIFETIME_MS } from "./schedule.ts";

const MS_PER_DAY = 86_400_000;

export interface NewCall {
  eventId: string;
  endpoint: string;
  type: (typeof CALL_TYPES)[number];
  body: string;
  now: Date;
  /** How long it is kept when it has ended, days. */
  retentionDays: number;
}

/** A call that is due at once. */
export function makeCall({ eventId, endpoint, type, body, now, retentionDays }: NewCall): WebhookCallRecord {
  const times = callTimes(now, retentionDays);
  return { _id: callIdOf(eventId, endpoint), eventId, endpoint, type, body, state: "pending", attempts: 0, tries: [], createdAt: now, dueAt: now, ...times };
}

/** Until when a call that is owed from now on is tried, and until when it is kept. */
export function callTimes(now: Date, retentionDays: number): { endsAt: Date; expiresAt: Date } {
  const endsAt = new Date(now.getTime() + CALL_LIFETIME_MS);
  return { endsAt, expiresAt: new Date(endsAt.getTime() + retentionDays * MS_PER_DAY) };
}
