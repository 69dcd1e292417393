import { signedStandard } from "../support/webhook-calls.ts";
import type { WebhookEvent } from "./events.ts";
import type { Mail } from "./mails.ts";
import type { Random } from "./random.ts";
import type { Sent } from "./sent.ts";
import type { SourceSecrets } from "./webhook-scene.ts";

/**
 * Providers that call as good ones do: again after an answer that is no yes, a broken connection or silence, each time
 * with a signature of its own. Now and then one does not wait for the answer.
 */
export interface WebhookSender {
  event(door: "webhook-event" | "webhook-alert", event: WebhookEvent): Promise<Sent>;
  /** As Postmark brings a mail. */
  mail(mail: Mail): Promise<Sent>;
}

export interface WebhookSenderOptions {
  /** An HTTP door that is up; undefined: none is. */
  doorUrl(scheme: "http"): string | undefined;
  secrets: SourceSecrets;
  random: Random;
}

/** Above what a stopped door is silent for, ms. */
const PATIENCE_MS = 15_000;
const IMPATIENT_SHARE = 0.04;
/** How soon one goes that does not wait, ms. */
const SOON_MS = 40;
/** Statuses that say that nothing was taken for now: the body came too slowly, or a part of ours is away. */
const FOR_NOW = new Set([408, 503]);

interface Call {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** See {@link WebhookSender}. */
export function makeWebhookSender({ doorUrl, secrets, random }: WebhookSenderOptions): WebhookSender {
  async function call({ path, headers, body }: Call): Promise<Sent> {
    const url = doorUrl("http");
    if (url === undefined) return { kind: "again", reason: "no door is up" };
    const isImpatient = random.chance(IMPATIENT_SHARE);
    const signal = AbortSignal.timeout(isImpatient ? random.between(1, SOON_MS) : PATIENCE_MS);
    try {
      const response = await fetch(`${url}/webhooks/${path}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body, signal });
      return read(response.status, await response.text());
    } catch {
      if (!signal.aborted) return { kind: "again", reason: "webhook: connection lost" };
      return { kind: "again", reason: isImpatient ? "webhook: its sender did not wait for the answer" : "webhook: silence" };
    }
  }

  return {
    event: (door, event) => call(door === "webhook-event" ? signedCall(event, secrets) : callWithToken(event, secrets)),
    mail: (mail) => call(postmarkCall(mail, secrets)),
  };
}

const WRONG_SECRET = `whsec_${Buffer.alloc(32, "wrong").toString("base64")}`;

function signedCall({ expected: { eventId }, body, forged }: WebhookEvent, { events }: SourceSecrets): Call {
  const signed = body();
  const headers = signedStandard(forged === "secret" ? WRONG_SECRET : events, eventId, signed);
  return { path: "chaos-events", headers, body: forged === "body" ? signed.replace("This is", "This was") : signed };
}

function callWithToken({ body, forged }: WebhookEvent, { alerts }: SourceSecrets): Call {
  return { path: "chaos-alerts", headers: { authorization: `Bearer ${forged ? alerts.slice(0, -1) : alerts}` }, body: body() };
}

function postmarkCall(mail: Mail, { mails }: SourceSecrets): Call {
  const fields = {
    MessageID: crypto.randomUUID(),
    OriginalRecipient: mail.to,
    Headers: [{ Name: "Return-Path", Value: `<${mail.from}>` }],
    RawEmail: Buffer.from(mail.raw(), "latin1").toString("utf8"),
  };
  return { path: "chaos-mails", headers: { authorization: `Basic ${Buffer.from(mails).toString("base64")}` }, body: JSON.stringify(fields) };
}

function read(status: number, text: string): Sent {
  if (FOR_NOW.has(status)) return { kind: "again", reason: `webhook: ${status}` };
  if (status === 401) return { kind: "rejected", code: "unauthenticated" };
  const inboundId = /^\{"result":"accepted","id":\["(inb_[0-9a-f]{32})"\]\}$/.exec(text)?.[1];
  if (status === 200 && inboundId !== undefined) return { kind: "stored", inboundId };
  return { kind: "odd", what: `unexpected answer to a webhook, ${status}: ${text.slice(0, 200)}` };
}
