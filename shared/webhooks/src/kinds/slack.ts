import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { Reading, SourceKind, WebhookCall } from "../source-kind.ts";
import { eventDocument, eventReading, fieldsOf } from "./bodies.ts";
import { hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { TEXT_SECRET } from "./secret-rules.ts";
import { MAX_EVENT_BYTES, USUAL_STATUSES } from "./statuses.ts";
import { instantOf, staleness } from "./timestamps.ts";
import { toleranceSeconds } from "./tolerance.ts";

/**
 * Slack, and who signs like it: `X-Slack-Signature: v0=` and hex of HMAC-SHA256 under the signing secret over
 * `v0:timestamp:body`, with `X-Slack-Request-Timestamp`.
 *
 * | outcome | status | what Slack does |
 * | --- | --- | --- |
 * | accepted, ignored | 200 | any 2xx within 3 s: done |
 * | `url_verification` | 200 and the challenge | enables the URL |
 * | all others | 401, 400, 413, 503 | sends an event again at once, after a minute and after five; too many failures in an hour disable the URL |
 *
 * The `event_id` of an event stays the same; a slash command and an interaction have a `trigger_id`, and come once.
 * Source: docs.slack.dev, "Verifying requests from Slack", "The Events API".
 */
export const slackKind: SourceKind<{ toleranceSeconds: number }> = {
  name: "slack",
  brings: "events",
  settings: z.strictObject({ toleranceSeconds }),
  secrets: TEXT_SECRET,
  maxBodyBytes: MAX_EVENT_BYTES,
  statuses: USUAL_STATUSES,
  async verify({ headers, body, receivedAt }, { settings, secrets }) {
    const { "x-slack-signature": given, "x-slack-request-timestamp": timestamp } = headers;
    if (!given || !timestamp) return unauthenticated("x-slack-signature or x-slack-request-timestamp is missing");
    const signedAt = instantOf(timestamp);
    if (!signedAt) return unauthenticated("x-slack-request-timestamp is not a time in whole seconds");
    const expected = secrets.map((secret) => `v0=${hmac("sha256", secret, `v0:${timestamp}:`, body).toString("hex")}`);
    if (!isOneOf(given, expected)) return unauthenticated("the signature does not match");
    return staleness(signedAt, receivedAt, settings.toleranceSeconds) ?? VERIFIED;
  },
  read: async (call) => challenge(call) ?? eventReading(call, { idOf: ({ event_id, trigger_id }) => event_id ?? trigger_id }),
};

function challenge(call: WebhookCall): Reading | undefined {
  const document = eventDocument(call.body, call.headers["content-type"]);
  const fields = document.kind === "event" ? fieldsOf(document.value) : undefined;
  if (fields?.type !== "url_verification") return undefined;
  if (typeof fields.challenge !== "string") return { kind: "malformed", because: "the challenge is not a text" };
  return { kind: "handshake", because: "Slack asks whether the URL is ours", answer: { contentType: "text/plain; charset=utf-8", body: fields.challenge } };
}
