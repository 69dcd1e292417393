import { z } from "zod";
import { LIMITS } from "./limits.ts";
import { priority } from "./ticket.ts";

/**
 * Webhooks, in and out, as they are configured and stored: the sources that may send us events, what becomes of their
 * events, and the endpoints that hear of ours.
 */

/** What a source is: how its calls are verified, and what they hold. Those of the second line bring mails. */
export const SOURCE_KINDS = [
  ...["standard-webhooks", "github", "gitlab", "stripe", "sentry", "alertmanager", "grafana", "slack", "json"],
  ...["mailgun", "sendgrid", "postmark", "ses", "mandrill"],
] as const;

/** Name of a source or an endpoint; a source's is part of its URL. */
export const webhookName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "expected lower-case letters, digits and inner dashes, at most 63");

/** Longest expression, in characters. */
const MAX_EXPRESSION = 10_000;
const expression = z.string().min(1).max(MAX_EXPRESSION);

/** How the JSON of an event becomes a ticket; every expression is JSONata over the event. */
export const eventMapping = z.strictObject({
  /** Only an event for which this is true becomes a ticket, others are ignored; unset: every event. */
  when: expression.optional(),
  /** A parameter of OpenTicket, and the expression that yields its value; undefined leaves it out. */
  ticket: z.record(z.string(), expression),
});
export type EventMapping = z.infer<typeof eventMapping>;

/** Longest window, s: a year. */
const MAX_WINDOW_S = 366 * 86_400;

/** How repeated events fold into one ticket. */
export const eventCorrelation = z.strictObject({
  /** JSONata: events with the same text are about the same thing; undefined or "": this one stands alone. */
  key: expression,
  /** A later event belongs to the ticket when the latest one before it is no older than this, s. */
  windowSeconds: z.int().min(1).max(MAX_WINDOW_S),
  /** JSONata: when it happened, ISO 8601 with its zone, or a Unix time in s or ms. Unset, or another value: when it came in. */
  happenedAt: expression.optional(),
  /** JSONata: true for an event that says it is over. Unset: none says so. */
  resolved: expression.optional(),
  /** What such an event does to its ticket: it closes it, or is only counted. */
  onResolved: z.enum(["close", "note"]).default("close"),
  /** What the next event does that says it is on again: the same ticket is opened again, or a new one. */
  afterResolved: z.enum(["reopen", "new"]).default("reopen"),
});
export type EventCorrelation = z.infer<typeof eventCorrelation>;

/** Parameters of OpenTicket for an event whose mapping yields none of that name. */
export const eventDefaults = z.strictObject({
  deptid: z.int().positive().optional(),
  /** Who opens the tickets of events that name nobody. */
  name: z.string().min(1).max(LIMITS.nameLength).optional(),
  email: z.string().min(1).max(LIMITS.emailLength).optional(),
  priority: priority.optional(),
  /** Whether its opener gets no mail about the ticket; unset: true, because a machine reads none. */
  noemail: z.boolean().optional(),
});
export type EventDefaults = z.infer<typeof eventDefaults>;

/** A secret at rest, encrypted; several may be valid at once, so that they can be changed without a gap. */
export const sealedSecret = z.object({
  /** Names it for its removal. */
  id: z.string(),
  sealed: z.string(),
  createdAt: z.date(),
  /** No longer valid from then on; absent: valid until it is removed. */
  expiresAt: z.date().optional(),
});
export type SealedSecret = z.infer<typeof sealedSecret>;

/** One source of events: who may call `POST /webhooks/{name}`, and what becomes of it. */
export const webhookSource = z.object({
  /** Its name. */
  _id: webhookName,
  kind: z.enum(SOURCE_KINDS),
  isEnabled: z.boolean(),
  /** Settings of its kind, none of them secret, as that kind's schema has them. */
  settings: z.record(z.string(), z.json()),
  secrets: z.array(sealedSecret),
  /** Of a source of mails: the mailbox for recipients that are none of ours; unset: such mails are refused. */
  mailbox: z.string().optional(),
  /** Of a source of events: as stored, or unset for its kind's own. */
  mapping: eventMapping.optional(),
  /** As stored; null: every event stands alone; unset: its kind's own. */
  correlation: eventCorrelation.nullable().optional(),
  defaults: eventDefaults.optional(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type WebhookSource = z.infer<typeof webhookSource>;
export type SourceKindName = WebhookSource["kind"];
