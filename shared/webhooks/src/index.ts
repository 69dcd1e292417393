// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export { type EventDocument, eventDocument } from "./kinds/bodies.ts";
export { type EventReader, makeEventReader, type SpentReading } from "./mapping/event-reader.ts";
export { type ExpressionFault, expressionFaults } from "./mapping/expression-faults.ts";
export type { EventReading, EventTask } from "./mapping/thread-messages.ts";
export { networkFault } from "./net/address-rules.ts";
export { ForbiddenTarget, RequestLate, UnusableAnswer } from "./net/errors.ts";
export { type GuardedAnswer, type GuardedRequest, type GuardRules, makeGuardedFetch, makeGuardedRequest, type SendGuarded } from "./net/guarded-request.ts";
export { type Preset, presetOf } from "./presets/presets.ts";
export { makeSecretBox, type SecretBox, SecretsLocked, secretKeysFault } from "./secret-box.ts";
export type * from "./source-kind.ts";
export { sourceKind } from "./source-kinds.ts";
export { checkDefinition, type DefinitionFault, type SourceDefinition, sourceDefinition } from "./sources/definition.ts";
export { type Changed, makeSourceManager, type SourceManager, type SourceManagerDeps, type SourceStore } from "./sources/manager.ts";
export { newSecret, newSource, type SourceView, sourceView, viewSource } from "./sources/view.ts";
