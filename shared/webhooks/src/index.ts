// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.
export { networkFault } from "./net/address-rules.ts";
export { ForbiddenTarget, RequestLate, UnusableAnswer } from "./net/errors.ts";
export { type GuardedAnswer, type GuardedRequest, type GuardRules, makeGuardedFetch, makeGuardedRequest, type SendGuarded } from "./net/guarded-request.ts";
export { callTimes, makeCall } from "./out/call.ts";
export {
  changeEndpoint,
  endpointChangesForm,
  endpointView,
  isActive,
  makeEndpoint,
  newEndpointForm,
  newSecretForm,
  validSecrets,
  viewEndpoint,
  withNewSecret,
  withoutSecret,
} from "./out/endpoint-form.ts";
export { delayAfter, MAX_TRIES, requestedDelay } from "./out/schedule.ts";
export { SECRET_BYTES, secretOf, signedHeaders } from "./out/sign.ts";
export type * from "./source-kind.ts";
