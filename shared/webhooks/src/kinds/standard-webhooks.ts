import { z } from "zod";
import type { SourceKind } from "../source-kind.ts";
import { eventReading } from "./bodies.ts";
import { randomWhsec } from "./secret-rules.ts";
import { standardFault, verifyStandard } from "./standard-signature.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { toleranceSeconds } from "./tolerance.ts";

/**
 * Anybody who signs by Standard Webhooks 1.0.0, with HMAC (`whsec_`) or ed25519 (`whpk_`).
 *
 * | outcome | status | what the sender does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx: done |
 * | unauthenticated, stale | 401 | tries again, each time with a new timestamp; nothing is lost while a secret is changed |
 * | malformed, too-large | 400, 413 | tries again, in vain, and gives up after about three days |
 * | unavailable | 503 and Retry-After | tries again, not before Retry-After |
 *
 * 410 would disable the endpoint and is never sent. The `webhook-id` stays the same when an event is sent again: it is the
 * event's id. Source: the specification of Standard Webhooks 1.0.0, "Operational considerations".
 */
export const standardWebhooksKind: SourceKind<{ toleranceSeconds: number }> = {
  name: "standard-webhooks",
  brings: "events",
  settings: z.strictObject({ toleranceSeconds }),
  secrets: { isNeeded: () => true, faultOf: standardFault, generate: randomWhsec },
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  verify: async (call, { settings, secrets }) => verifyStandard(call, secrets, settings.toleranceSeconds),
  read: async (call) => eventReading(call, { idOf: () => call.headers["webhook-id"] }),
};
