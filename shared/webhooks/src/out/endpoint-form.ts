import { EVENT_TYPES, eventType, MAX_ENDPOINT_SECRETS, type SealedSecret, type WebhookEndpoint, webhookEndpoint, webhookName } from "@openticket/contract";
import { z } from "zod";
import { makeAddressRules } from "../net/address-rules.ts";
import { ForbiddenTarget } from "../net/errors.ts";
import { readTarget } from "../net/target.ts";
import { endingBy, secretView, validSecrets, viewSecret } from "../sealed-secrets.ts";

/** Endpoints as operators give and see them; what is stored is made from this alone. */

const MAX_EVENTS = 20;
/** Longest time that the secrets before a new one stay valid, s: a month. */
const MAX_OVERLAP_S = 31 * 86_400;
const DEFAULT_OVERLAP_S = 86_400;
const DEFAULT_IN_FLIGHT = 5;
const DEFAULT_TIMEOUT_MS = 15_000;
const { deptids, maxInFlight, timeoutMs } = webhookEndpoint.shape;

const events = z
  .array(eventType)
  .min(1)
  .max(MAX_EVENTS)
  .transform((types) => [...new Set(types)]);

/** What may be said of an endpoint; `allowedNetworks` as for the requests themselves. */
function endpointFields(allowedNetworks: readonly string[]) {
  const rules = makeAddressRules(allowedNetworks);
  const url = z.string().superRefine((text, context) => {
    try {
      const { isHttps } = readTarget(text, rules);
      if (!isHttps && allowedNetworks.length === 0) context.addIssue({ code: "custom", message: "The URL must begin with https://" });
    } catch (error) {
      if (!(error instanceof ForbiddenTarget)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });
  return { url, events, deptids, isEnabled: z.boolean(), maxInFlight, timeoutMs };
}

/** A new endpoint as an operator gives it. */
export function newEndpointForm(allowedNetworks: readonly string[]) {
  const fields = endpointFields(allowedNetworks);
  return z.strictObject({
    name: webhookName,
    ...fields,
    events: events.default(() => [...EVENT_TYPES]).describe("What it hears of; unset: everything"),
    isEnabled: fields.isEnabled.default(true),
    maxInFlight: maxInFlight.default(DEFAULT_IN_FLIGHT),
    timeoutMs: timeoutMs.default(DEFAULT_TIMEOUT_MS),
  });
}
export type NewEndpoint = z.output<ReturnType<typeof newEndpointForm>>;

/** Changes of an endpoint; `deptids: null` takes the filter away. */
export function endpointChangesForm(allowedNetworks: readonly string[]) {
  const { deptids: filter, ...fields } = endpointFields(allowedNetworks);
  return z.strictObject({ ...fields, deptids: filter.nullable() }).partial();
}
export type EndpointChanges = z.output<ReturnType<typeof endpointChangesForm>>;

/** A new secret: the others are valid for so much longer, s; 0: no longer. */
export const newSecretForm = z.strictObject({ expireOthersInSeconds: z.int().min(0).max(MAX_OVERLAP_S).default(DEFAULT_OVERLAP_S) });

/** An endpoint as it is shown. */
export const endpointView = webhookEndpoint.omit({ _id: true, secrets: true, disabled: true, createdAt: true, updatedAt: true }).extend({
  name: webhookName,
  secrets: z.array(secretView),
  disabled: z
    .object({ at: z.iso.datetime(), reason: z.string() })
    .optional()
    .describe("Set when its calls were stopped because it asked for it; enabling it clears this"),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type EndpointView = z.infer<typeof endpointView>;

/** See {@link endpointView}. */
export function viewEndpoint({ _id: name, secrets, disabled, createdAt, updatedAt, ...shown }: WebhookEndpoint): EndpointView {
  return {
    name,
    ...shown,
    secrets: secrets.map(viewSecret),
    ...(disabled && { disabled: { at: disabled.at.toISOString(), reason: disabled.reason } }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** The record of a new endpoint. */
export function makeEndpoint({ name, deptids: filter, ...given }: NewEndpoint, secret: SealedSecret, now: Date): WebhookEndpoint {
  return { _id: name, ...given, ...(filter && { deptids: filter }), secrets: [secret], createdAt: now, updatedAt: now };
}

/** The record with changes; enabling it takes away that it was disabled. */
export function changeEndpoint(endpoint: WebhookEndpoint, changes: EndpointChanges): WebhookEndpoint {
  const { url, events: types, isEnabled, maxInFlight: inFlight, timeoutMs: timeout, deptids: filter } = changes;
  const next: WebhookEndpoint = {
    ...endpoint,
    url: url ?? endpoint.url,
    events: types ?? endpoint.events,
    isEnabled: isEnabled ?? endpoint.isEnabled,
    maxInFlight: inFlight ?? endpoint.maxInFlight,
    timeoutMs: timeout ?? endpoint.timeoutMs,
  };
  if (filter) next.deptids = filter;
  if (filter === null) delete next.deptids;
  if (isEnabled) delete next.disabled;
  return next;
}

/** The record with a secret more; the others end after that time, those that have ended are left out. */
export function withNewSecret(
  endpoint: WebhookEndpoint,
  secret: SealedSecret,
  { expireOthersInSeconds, now }: { expireOthersInSeconds: number; now: Date },
): WebhookEndpoint {
  const endsAt = new Date(now.getTime() + expireOthersInSeconds * 1000);
  const others = validSecrets(endpoint, now).map((other) => endingBy(other, endsAt));
  const kept = expireOthersInSeconds === 0 ? [] : others.slice(1 - MAX_ENDPOINT_SECRETS);
  return { ...endpoint, secrets: [...kept, secret] };
}

/** The record without a secret; undefined when it is not there, `last` when nothing valid would be left. */
export function withoutSecret(endpoint: WebhookEndpoint, id: string, now: Date): WebhookEndpoint | "last" | undefined {
  if (!endpoint.secrets.some((secret) => secret.id === id)) return undefined;
  const next = { ...endpoint, secrets: endpoint.secrets.filter((secret) => secret.id !== id) };
  return validSecrets(next, now).length === 0 ? "last" : next;
}

/** True when calls go to the endpoint. */
export function isActive({ isEnabled, disabled }: Pick<WebhookEndpoint, "isEnabled" | "disabled">): boolean {
  return isEnabled && disabled === undefined;
}
