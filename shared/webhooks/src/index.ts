// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export { type EventReader, makeEventReader, type SpentReading } from "./mapping/event-reader.ts";
export { type ExpressionFault, expressionFaults } from "./mapping/expression-faults.ts";
export type { EventReading, EventTask } from "./mapping/thread-messages.ts";
export { type Preset, presetOf } from "./presets/presets.ts";
export type * from "./source-kind.ts";
