import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { SourceKind } from "../source-kind.ts";
import { eventReading } from "./bodies.ts";
import { hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { TEXT_SECRET } from "./secret-rules.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";

/**
 * Sentry, an integration's webhooks: `Sentry-Hook-Signature`, hex of HMAC-SHA256 over the body under the client secret.
 *
 * | outcome | status | what Sentry does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any answer within 1 s: done |
 * | all others | 401, 400, 413, 503 | shows the failure in the integration's dashboard; it sends nothing again |
 *
 * A thousand time-outs in a day unsubscribe the hook. Neither `Sentry-Hook-Timestamp` nor `Request-ID` is signed: who has
 * seen a call could give it another, so that its body is its id. Source: docs.sentry.io, "Integration platform", "Webhooks".
 */
export const sentryKind: SourceKind<Record<string, never>> = {
  name: "sentry",
  brings: "events",
  settings: z.strictObject({}),
  secrets: TEXT_SECRET,
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  async verify({ headers, body }, { secrets }) {
    const given = headers["sentry-hook-signature"];
    if (!given) return unauthenticated("sentry-hook-signature is missing");
    const expected = secrets.map((secret) => hmac("sha256", secret, body).toString("hex"));
    return isOneOf(given, expected) ? VERIFIED : unauthenticated("the signature does not match");
  },
  read: async (call) => eventReading(call, { headers: ["sentry-hook-resource", "sentry-hook-timestamp", "request-id"] }),
};
