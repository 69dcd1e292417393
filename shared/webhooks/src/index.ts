// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export { type ExpressionFault, expressionFaults } from "./mapping/expression-faults.ts";
export type * from "./source-kind.ts";
