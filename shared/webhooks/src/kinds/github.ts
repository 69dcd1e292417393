import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { SourceKind } from "../source-kind.ts";
import { eventReading } from "./bodies.ts";
import { hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { CHOSEN_SECRET } from "./secret-rules.ts";
import { MAX_FORGE_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";

/**
 * GitHub: `X-Hub-Signature-256: sha256=` and hex of HMAC-SHA256 under the hook's secret over the body, which is JSON or a
 * form with the JSON in `payload`.
 *
 * | outcome | status | what GitHub does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx within 10 s: done |
 * | all others | 401, 400, 413, 503 | shows the delivery as failed; somebody has to redeliver it there, by hand or by its API |
 *
 * GitHub repeats nothing by itself. A redelivery has the same body, which is the event's id: neither `X-GitHub-Delivery` nor
 * a time is signed, so who has recorded a call could send it again under another name. A body holds the ids and times of what
 * happened. A `ping` is what GitHub sends when the hook is made, and no event.
 * Source: docs.github.com, "Validating webhook deliveries", "Handling failed webhook deliveries", "Webhook events and payloads".
 */
export const githubKind: SourceKind<Record<string, never>> = {
  name: "github",
  brings: "events",
  settings: z.strictObject({}),
  secrets: CHOSEN_SECRET,
  maxBodyBytes: MAX_FORGE_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  async verify({ headers, body }, { secrets }) {
    const given = headers["x-hub-signature-256"];
    if (!given) return unauthenticated("x-hub-signature-256 is missing; the hook needs a secret");
    const expected = secrets.map((secret) => `sha256=${hmac("sha256", secret, body).toString("hex")}`);
    return isOneOf(given, expected) ? VERIFIED : unauthenticated("the signature does not match");
  },
  async read(call) {
    if (call.headers["x-github-event"] === "ping") return { kind: "handshake", because: "GitHub asks whether the hook works" };
    return eventReading(call, { headers: ["x-github-event", "x-github-hook-id", "x-github-delivery"] });
  },
};
