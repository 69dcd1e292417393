import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { SourceKind } from "../source-kind.ts";
import { eventReading } from "./bodies.ts";
import { hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { textFault } from "./secret-rules.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { instantOf, staleness } from "./timestamps.ts";
import { toleranceSeconds } from "./tolerance.ts";

/** Parts of one header that are looked at: one for each secret that is valid while they are changed. */
const MAX_PARTS = 20;

/**
 * Stripe: `Stripe-Signature: t=…,v1=…`, of which v1 is hex of HMAC-SHA256 over `t.body` under the whole text of the
 * endpoint's `whsec_…`. Other schemes prove nothing.
 *
 * | outcome | status | what Stripe does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx: done |
 * | all others | 401, 400, 413, 503 | sends it again for three days, with a new signature, at growing distances |
 *
 * The event's `id` stays the same. Source: docs.stripe.com, "Receive Stripe events in your webhook endpoint".
 */
export const stripeKind: SourceKind<{ toleranceSeconds: number }> = {
  name: "stripe",
  brings: "events",
  settings: z.strictObject({ toleranceSeconds }),
  secrets: { isNeeded: () => true, faultOf: textFault },
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  async verify({ headers, body, receivedAt }, { settings, secrets }) {
    const { t = "", signatures } = partsOf(headers["stripe-signature"]);
    const signedAt = instantOf(t);
    if (!signedAt) return unauthenticated("stripe-signature is missing, or has no time in whole seconds");
    const expected = secrets.map((secret) => hmac("sha256", secret, `${t}.`, body).toString("hex"));
    if (!signatures.map((signature) => isOneOf(signature, expected)).includes(true)) return unauthenticated("no signature matches");
    return staleness(signedAt, receivedAt, settings.toleranceSeconds) ?? VERIFIED;
  },
  read: async (call) => eventReading(call, { idOf: ({ id }) => id ?? null }),
};

function partsOf(header = ""): { t: string | undefined; signatures: string[] } {
  const parts = header.split(",").slice(0, MAX_PARTS);
  const valuesOf = (name: string) => parts.flatMap((part) => (part.trim().startsWith(`${name}=`) ? part.trim().slice(name.length + 1) : []));
  return { t: valuesOf("t").at(0), signatures: valuesOf("v1") };
}
