import { z } from "zod";
import { CALL_TYPES } from "./event.ts";
import { eventType } from "./event-type.ts";
import { sealedSecret, webhookName } from "./webhook.ts";

/** Endpoints that hear of our events, and the calls that they get, as they are stored. */

/** Endpoints of one installation. */
export const MAX_ENDPOINTS = 100;
/** Secrets of one endpoint that may be valid at once. */
export const MAX_ENDPOINT_SECRETS = 5;
/** Tries that a call's log remembers, the last ones. */
export const MAX_LOGGED_TRIES = 20;

/** One endpoint: where its calls go, and what they tell of. */
export const webhookEndpoint = z.object({
  /** Its name. */
  _id: webhookName,
  url: z.string(),
  events: z.array(eventType).min(1),
  /** Only events of these departments; unset: of all, and of requests that name none. */
  deptids: z.array(z.int()).min(1).max(1000).optional(),
  /** A call is signed with each that is valid. */
  secrets: z.array(sealedSecret),
  /** As the operator wants it. */
  isEnabled: z.boolean(),
  /** Set when we have stopped by ourselves, because the endpoint asked for it. */
  disabled: z.object({ at: z.date(), reason: z.string() }).optional(),
  /** Calls of one worker that may wait for its answer at once. */
  maxInFlight: z.int().min(1).max(50),
  /** How long a call waits for its answer, ms. */
  timeoutMs: z.int().min(1000).max(30_000),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type WebhookEndpoint = z.infer<typeof webhookEndpoint>;

/** `pending`: owed, and tried when due; `failed`: not tried again by itself. */
export const CALL_STATES = ["pending", "delivered", "failed"] as const;
export const callState = z.enum(CALL_STATES);
export type CallState = z.infer<typeof callState>;

/** One try of a call. */
export const callTry = z.object({
  at: z.date(),
  tookMs: z.int().nonnegative(),
  /** Of the answer, when there was one. */
  status: z.int().optional(),
  /** Why it failed. */
  error: z.string().optional(),
});
export type CallTry = z.infer<typeof callTry>;

/** A call that is owed to an endpoint, and what became of it. */
export const webhookCallRecord = z.object({
  /** Made from event and endpoint: the guard against a second one. */
  _id: z.string(),
  /** `webhook-id` of every try. */
  eventId: z.string(),
  endpoint: webhookName,
  type: z.enum(CALL_TYPES),
  /** Whose it is: the ticket that it tells of, and the request that made what it tells of. A test has neither. */
  ticketId: z.int().positive().optional(),
  requestId: z.string().optional(),
  /** JSON of the event, sent as it stands. */
  body: z.string(),
  state: callState,
  /** Failed tries since it was last owed. */
  attempts: z.int().nonnegative(),
  /** The last ones. */
  tries: z.array(callTry),
  createdAt: z.date(),
  /** Not tried any more after it. */
  endsAt: z.date(),
  /** While pending: next try, or when another worker may take it. */
  dueAt: z.date().optional(),
  /** When it ended, and until when it is kept then. */
  decidedAt: z.date().optional(),
  expiresAt: z.date().optional(),
});
export type WebhookCallRecord = z.infer<typeof webhookCallRecord>;

/** Name of the call that tells an endpoint of an event. */
export function callIdOf(eventId: string, endpoint: string): string {
  return `${eventId}.${endpoint}`;
}
