// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.

export { webhookConfigFields } from "./config-fields.ts";
export { mailgunKind } from "./kinds/mailgun.ts";
export { mandrillKind } from "./kinds/mandrill.ts";
export { postmarkKind } from "./kinds/postmark.ts";
export { sendgridKind } from "./kinds/sendgrid.ts";
export { sesKind } from "./kinds/ses.ts";
export type { EventReading, EventTask } from "./mapping/event-messages.ts";
export { type EventReader, EventsWait, makeEventReader, type SpentReading } from "./mapping/event-reader.ts";
export { type ExpressionFault, expressionFaults } from "./mapping/expression-faults.ts";
export { ticketOfEvent } from "./mapping/ticket-of-event.ts";
export { ForbiddenTarget, RequestLate, UnusableAnswer } from "./net/errors.ts";
export { type GuardedAnswer, type GuardedRequest, type GuardRules, makeGuardedFetch, makeGuardedRequest, type SendGuarded } from "./net/guarded-request.ts";
export { makeCall } from "./out/call.ts";
export { callPage, viewCall } from "./out/call-view.ts";
export { endpointChangesForm, endpointView, isActive, makeEndpoint, newEndpointForm, newSecretForm, viewEndpoint } from "./out/endpoint-form.ts";
export { type EndpointChanged, type EndpointManager, makeEndpointManager } from "./out/manager.ts";
export { delayAfter, requestedDelay } from "./out/schedule.ts";
export { SECRET_BYTES, secretOf, signedHeaders } from "./out/sign.ts";
export { rulesOf } from "./presets/presets.ts";
export { newSecretId, validSecrets } from "./sealed-secrets.ts";
export { makeSecretBox, type SecretBox, SecretsLocked } from "./secret-box.ts";
export * from "./source-kind.ts";
export { sourceKind } from "./source-kinds.ts";
export { checkDefinition, type DefinitionFault, type SourceDefinition, sourceDefinition } from "./sources/definition.ts";
export { type Changed, makeSourceManager, type SourceManager, type SourceManagerDeps, type SourceStore } from "./sources/manager.ts";
export { newSecret, newSource, type SourceView, sourceView, viewSource } from "./sources/view.ts";
