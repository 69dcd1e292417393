// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export type * from "./source-kind.ts";
