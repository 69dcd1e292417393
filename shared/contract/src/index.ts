// The public surface of the contract; nothing else of this package may be imported from outside.
export * from "./command.ts";
export * from "./content-type.ts";
export * from "./errors.ts";
export * from "./identity.ts";
export * from "./inbound.ts";
export * from "./keeping.ts";
export * from "./limits.ts";
export * from "./mail-folder.ts";
export * from "./names.ts";
export * from "./params/decode.ts";
export * from "./reply.ts";
export * from "./reply-params.ts";
export * from "./status.ts";
export * from "./ticket.ts";
export * from "./ticket-params.ts";
export * from "./ticket-reply.ts";
export * from "./webhook.ts";
