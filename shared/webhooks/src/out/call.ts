import { type CALL_TYPES, callIdOf, TEST_EVENT, type WebhookCallRecord, type WebhookEvent } from "@openticket/contract";
import { CALL_LIFETIME_MS } from "./schedule.ts";

export interface NewCall {
  eventId: string;
  endpoint: string;
  type: (typeof CALL_TYPES)[number];
  ticketId?: number | undefined;
  requestId?: string | undefined;
  body: string;
  now: Date;
}

/** A call that is due at once. */
export function makeCall({ eventId, endpoint, type, ticketId, requestId, body, now }: NewCall): WebhookCallRecord {
  const id = callIdOf(eventId, endpoint);
  const about = { ...(ticketId !== undefined && { ticketId }), ...(requestId !== undefined && { requestId }) };
  return { _id: id, eventId, endpoint, type, ...about, body, state: "pending", attempts: 0, tries: [], createdAt: now, dueAt: now, endsAt: endOfCall(now) };
}

/** The call by which an operator sees that an endpoint works. */
export function makeTestCall(endpoint: string, eventId: string, now: Date): WebhookCallRecord {
  const event: WebhookEvent = { type: TEST_EVENT, timestamp: now.toISOString(), data: { endpoint } };
  return makeCall({ eventId, endpoint, type: TEST_EVENT, body: JSON.stringify(event), now });
}

/** Until when a call that is owed from now on is tried. */
export function endOfCall(now: Date): Date {
  return new Date(now.getTime() + CALL_LIFETIME_MS);
}
