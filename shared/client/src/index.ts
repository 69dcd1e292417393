// The public surface of the client; nothing else of this package may be imported from outside.
export { JOB_OPTIONS } from "./bounded-queue.ts";
export * from "./client.ts";
export type { ClientLogger } from "./client-logger.ts";
export * from "./errors.ts";
export { isNewJobName, jobNamesOf, missingRequests } from "./job-lookup.ts";
export * from "./operator-queue.ts";
export * from "./reach-redis.ts";
export * from "./redis.ts";
export * from "./redis-outage.ts";
export * from "./redis-safety.ts";
export * from "./reply-publisher.ts";
export * from "./reply-queue-janitor.ts";
export * from "./requester.ts";
export type { AddTicketReplyParams, ClientAttachment, OpenTicketParams, SubmitOptions } from "./ticket-command.ts";
