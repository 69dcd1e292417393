import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { SourceKindName } from "@openticket/contract";
import { type KindDeps, type SourceInUse, type SourceKind, sourceKind, type WebhookCall } from "@openticket/webhooks";
import { basic, callWith, multipart, NOW, NOW_S, noFetch, URL_CALLED, urlencoded } from "../../../shared/webhooks/test/calls.ts";
import { CA_EXTENSIONS, issue, snsSigned } from "../../../shared/webhooks/test/local-sns.ts";
import { signedStandard } from "../../support/webhook-calls.ts";
import { EVENTS } from "./events.ts";

/** A genuine call, and what its proof covers. */
export interface Original {
  name: string;
  kind: SourceKind;
  source: SourceInUse;
  deps: KindDeps;
  call: WebhookCall;
  /** What cannot be altered without the proof: the same text for calls that say the same. */
  covered(call: WebhookCall): string;
  /** Its proof leaves room for other calls, as long as they bring nothing. */
  mayBeNothing?: true;
  /** Longest tolerated age, ms; undefined where nothing says when it was signed. */
  toleranceMs?: number;
  /** The same call with another body, proven anew; absent where mails are brought. */
  withBody?(body: Buffer): WebhookCall;
}

type Headers = Record<string, string>;
interface Proof {
  name: SourceKindName;
  settings?: object;
  secret: string;
  headers(body: Buffer): Headers;
  covered: Original["covered"];
  isTimed?: true;
}

const TEXT = "a-secret-of-a-provider-0123456789";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PASSWORD = "provider:a-long-password";
const RECIPIENT = "support@example.test";
/** Of the genuine call of Mailgun. */
export const MAILGUN_TOKEN = "a-token";
const EVENT_TOLERANCE_MS = 300_000;
const MIME = "From: Ann <ann@example.net>\r\nSubject: Hello\r\nMessage-ID: <1@example.net>\r\n\r\nGrüße\r\n";

const hex = (...parts: (string | Buffer)[]) => digest("sha256", parts).toString("hex");
const digest = (algorithm: string, parts: readonly (string | Buffer)[]) => parts.reduce((mac, part) => mac.update(part), createHmac(algorithm, TEXT)).digest();
const withHeaders =
  (...names: string[]) =>
  ({ headers, body }: WebhookCall) =>
    JSON.stringify([body.toString("base64"), ...names.map((name) => headers[name])]);
const wholeBody = withHeaders();
/** Scheme and blanks of `Authorization` may be written in several ways. */
const bearer = ({ headers: { authorization } }: WebhookCall) => (authorization ?? "").replace(/^bearer +/i, "").trim();
const credentials = ({ headers: { authorization } }: WebhookCall) => Buffer.from((authorization ?? "").replace(/^basic +/i, ""), "base64").toString("latin1");
const standard = { secret: WHSEC, headers: (body: Buffer) => signedStandard(WHSEC, "msg_1", body, NOW.getTime()), isTimed: true } as const;
const standardCovered = withHeaders("webhook-id", "webhook-timestamp");

const PROOFS: readonly Proof[] = [
  { name: "standard-webhooks", ...standard, covered: standardCovered },
  { name: "gitlab", settings: { authentication: "signature" }, ...standard, covered: standardCovered },
  { name: "gitlab", secret: TEXT, headers: () => ({ "x-gitlab-token": TEXT }), covered: ({ headers }) => String(headers["x-gitlab-token"]) },
  { name: "github", secret: TEXT, headers: (body) => ({ "x-hub-signature-256": `sha256=${hex(body)}`, "x-github-event": "issues" }), covered: wholeBody },
  {
    name: "stripe",
    secret: TEXT,
    headers: (body) => ({ "stripe-signature": `t=${NOW_S},v1=${hex(`${NOW_S}.`, body)}` }),
    covered: wholeBody,
    isTimed: true,
  },
  { name: "sentry", secret: TEXT, headers: (body) => ({ "sentry-hook-signature": hex(body), "sentry-hook-resource": "issue" }), covered: wholeBody },
  { name: "alertmanager", secret: TEXT, headers: () => ({ authorization: `Bearer ${TEXT}` }), covered: bearer },
  { name: "grafana", secret: TEXT, headers: (body) => ({ "x-grafana-alerting-signature": hex(body) }), covered: wholeBody },
  {
    name: "slack",
    secret: TEXT,
    headers: (body) => ({ "x-slack-signature": `v0=${hex(`v0:${NOW_S}:`, body)}`, "x-slack-request-timestamp": NOW_S }),
    covered: withHeaders("x-slack-request-timestamp"),
    isTimed: true,
  },
  {
    name: "json",
    settings: { authentication: "hmac", timestampHeader: "x-time", idPointer: "/id" },
    secret: TEXT,
    headers: (body) => ({ "x-signature": hex(`${NOW_S}.`, body), "x-time": NOW_S }),
    covered: withHeaders("x-time"),
    isTimed: true,
  },
  {
    name: "json",
    settings: { authentication: "basic" },
    secret: PASSWORD,
    headers: () => ({ authorization: basic(PASSWORD) }),
    covered: credentials,
  },
];

/** Genuine calls of every kind. Makes a certificate with OpenSSL. */
export function makeOriginals(): Original[] {
  return [...PROOFS.flatMap(originalsOf), mailgun(), sendgrid(), postmark(), mandrill(), ses()];
}

function originalsOf({ name, settings = {}, secret, headers, covered, isTimed }: Proof): Original[] {
  const withBody = (body: Buffer) => callWith({ body, headers: { "content-type": "application/json", ...headers(body) } });
  return (EVENTS[name] ?? []).map((event, index) => ({
    name: `${name} ${index}, ${JSON.stringify(settings)}`,
    ...inUse(name, settings, [secret]),
    deps: noFetch,
    call: withBody(Buffer.from(JSON.stringify(event))),
    covered,
    withBody,
    ...(isTimed && { toleranceMs: EVENT_TOLERANCE_MS }),
  }));
}

function inUse(name: SourceKindName, settings: object, secrets: string[]): Pick<Original, "kind" | "source"> {
  const kind = sourceKind(name);
  if (!kind) throw new Error(`${name} is not served`);
  return { kind, source: { name: "mail", settings: kind.settings.parse(settings), secrets } };
}

const MAIL_FIELDS = {
  recipient: RECIPIENT,
  sender: "ann@example.net",
  "message-headers": JSON.stringify([
    ["From", "Zoë <ann@example.net>"],
    ["Subject", "Grüße"],
  ]),
  "body-plain": "Text ä",
  "attachment-count": "1",
  "attachment-1": "%PDF",
};

/** Its token covers no body: whoever takes a call remembers the two together. */
function mailgun(): Original {
  const token = MAILGUN_TOKEN;
  const signature = createHmac("sha256", TEXT).update(NOW_S).update(token).digest("hex");
  const call = callWith(multipart({ timestamp: NOW_S, token, signature, ...MAIL_FIELDS }, "a-boundary-of-mailgun"));
  return { name: "mailgun", ...inUse("mailgun", {}, [TEXT]), deps: noFetch, call, covered: () => "", toleranceMs: 9 * 3_600_000 };
}

function sendgrid(): Original {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const fields = {
    envelope: JSON.stringify({ to: [RECIPIENT], from: "ann@example.net" }),
    headers: "From: Ann <ann@example.net>\nSubject: Hi\n",
    text: "Text",
  };
  const { body, headers } = multipart({ ...fields, attachment1: Buffer.from([0xff, 0x00, 0x0d]) }, "a-boundary-of-sendgrid");
  const signature = sign("sha256", Buffer.concat([Buffer.from(NOW_S), body]), privateKey).toString("base64");
  const signed = { "x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": NOW_S };
  const publicKeys = [publicKey.export({ format: "der", type: "spki" }).toString("base64")];
  return {
    name: "sendgrid",
    ...inUse("sendgrid", { publicKeys }, []),
    deps: noFetch,
    call: callWith({ body, headers: { ...headers, ...signed } }),
    covered: withHeaders("x-twilio-email-event-webhook-timestamp"),
  };
}

function postmark(): Original {
  const fields = {
    MessageID: "1-2",
    OriginalRecipient: RECIPIENT,
    FromFull: { Email: "ann@example.net", Name: "Ann" },
    Subject: "Grüße",
    TextBody: "Text",
    Headers: [{ Name: "Return-Path", Value: "<ann@example.net>" }],
    Attachments: [{ Name: "a.txt", ContentType: "text/plain", Content: "YQ==" }],
  };
  const call = callWith({ body: JSON.stringify(fields), headers: { authorization: basic(PASSWORD), "content-type": "application/json" } });
  return { name: "postmark", ...inUse("postmark", {}, [PASSWORD]), deps: noFetch, call, covered: credentials };
}

/**
 * Signed are the URL and every field, so calls say the same when their fields are the same in any order and escape. But
 * names and values are signed without a mark between them, so that the end of a value may as well be a field of its own, and
 * a trial by HEAD is not signed at all: neither may bring a mail.
 */
function mandrill(): Original {
  const events = JSON.stringify([{ event: "inbound", ts: 1, msg: { email: RECIPIENT, sender: "ann@example.net", raw_msg: MIME } }]);
  const { body, headers } = urlencoded({ mandrill_events: events });
  const signature = createHmac("sha1", TEXT).update(`${URL_CALLED}mandrill_events${events}`).digest("base64");
  const covered = ({ url, body: form }: WebhookCall) => `${url} ${JSON.stringify([...new URLSearchParams(form.toString("utf8"))].sort())}`;
  const call = callWith({ body, headers: { ...headers, "x-mandrill-signature": signature } });
  return { name: "mandrill", ...inUse("mandrill", {}, [TEXT]), deps: noFetch, call, covered, mayBeNothing: true };
}

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails";
const CERT_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const SNS_FIELDS = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const SINCE_ISSUE_MS = 60_000;

function ses(): Original {
  const root = issue({ name: "Root", extensions: CA_EXTENSIONS });
  const leaf = issue({ name: "sns.eu-west-1.amazonaws.com", issuer: root, extensions: ["subjectAltName=DNS:sns.eu-west-1.amazonaws.com"] });
  // A certificate is valid from when it is made.
  const receivedAt = new Date(Date.now() + SINCE_ISSUE_MS);
  const receipt = { recipients: [RECIPIENT], action: { type: "SNS", topicArn: TOPIC, encoding: "BASE64" } };
  const mail = { messageId: "ses-1", source: "ann@example.net" };
  const Message = JSON.stringify({ notificationType: "Received", mail, receipt, content: Buffer.from(MIME).toString("base64") });
  const fields = { Type: "Notification" as const, MessageId: "sns-1", TopicArn: TOPIC, Message, Timestamp: receivedAt.toISOString(), SigningCertURL: CERT_URL };
  const fetch = async (url: string) => {
    if (url !== CERT_URL) throw new Error("not found");
    return Buffer.from(leaf.certificate);
  };
  return {
    name: "ses",
    ...inUse("ses", { topicArns: [TOPIC], trustedCa: root.certificate }, []),
    deps: { fetch },
    call: callWith({ body: JSON.stringify(snsSigned(fields, leaf)), headers: { "content-type": "text/plain; charset=UTF-8" }, receivedAt }),
    covered: ({ body }) => signedFields(body),
    toleranceMs: 7_200_000,
  };
}

function signedFields(body: Buffer): string {
  try {
    const message: Record<string, unknown> = JSON.parse(body.toString("utf8"));
    return JSON.stringify(SNS_FIELDS.map((name) => message[name]));
  } catch {
    return "";
  }
}
