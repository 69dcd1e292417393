// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export { networkFault } from "./net/address-rules.ts";
export { ForbiddenTarget, RequestLate, UnusableAnswer } from "./net/errors.ts";
export { type GuardedAnswer, type GuardedRequest, type GuardRules, makeGuardedFetch, makeGuardedRequest, type SendGuarded } from "./net/guarded-request.ts";
export type * from "./source-kind.ts";
