import { z } from "zod";
import {
  type BroughtMail,
  type KindDeps,
  ProviderUnreachable,
  type Reading,
  type SourceInUse,
  type SourceKind,
  type Verdict,
  type WebhookCall,
} from "../source-kind.ts";
import { certificatesOf } from "./certificate-chain.ts";
import { bytesOfBase64, parseJson, readJson } from "./json-fields.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { signingCertificate, type Trust, trustedUrl } from "./signing-certificate.ts";
import { isSignedBy, type SnsMessage, snsMessage } from "./sns-message.ts";
import { USUAL_STATUSES } from "./statuses.ts";
import { staleness } from "./timestamps.ts";
import { tolerance } from "./tolerance.ts";
import { verdictsOf } from "./verdicts.ts";

/** SNS signs when a message is published, and repeats it for at most an hour. */
const DEFAULT_TOLERANCE_S = 2 * 3600;
const AWS_HOSTS = "sns\\.[a-z0-9-]{3,}\\.amazonaws\\.com(?:\\.cn)?";

/**
 * Amazon SES: a receipt rule with an SNS action, whose topic has our URL as a subscription (https, no raw message delivery).
 * Sources: docs.aws.amazon.com, "Verifying the signatures of Amazon SNS messages", "Amazon SNS message delivery retries",
 * "Publish to Amazon SNS topic action", "Contents of notifications for Amazon SES email receiving".
 *
 * | status | when | SNS |
 * |---|---|---|
 * | 200 | stored, or stored before; a confirmation; not a mail | is done |
 * | 403 | signature, certificate, host or topic wrong, or stale | gives up: every 4xx is final; the dead-letter queue has it, if there is one |
 * | 400, 413, 422 | cannot be read, too large, for none of our mailboxes | gives up, as above |
 * | 503 | our own trouble; a certificate or SubscribeURL that cannot be fetched | repeats it, by default 3 times 20 s apart, at most for an hour |
 *
 * No secret: SNS signs (versions 1 and 2) with a key whose certificate AWS serves, so the topics that may call are settings.
 * The body is JSON, called text/plain. The mail is in it up to 150 kB; SES bounces larger ones unless they go to S3, which
 * is not read from here. The id is SNS's MessageId, the same when it is repeated: SES's own is the same for two rules that
 * match different recipients of one mail.
 */
export const sesKind: SourceKind<SesSettings> = {
  name: "ses",
  brings: "mails",
  settings: z.strictObject({
    topicArns: z
      .array(z.string().regex(/^arn:[^\s:]+:sns:[^\s:]*:[^\s:]*:[^\s:]{1,256}$/, "expected the ARN of an SNS topic"))
      .min(1)
      .max(100),
    trustedHosts: z.string().min(1).max(300).refine(isPattern, "expected a regular expression").default(AWS_HOSTS),
    trustedCa: z
      .string()
      .max(100_000)
      .refine((pem) => certificatesOf(Buffer.from(pem)).length > 0, "expected certificates in PEM")
      .optional(),
    toleranceSeconds: tolerance(DEFAULT_TOLERANCE_S),
  }),
  secrets: { isNeeded: () => false, faultOf: () => "Amazon SNS has no secret: leave it out" },
  // A message has at most 256 kB; the JSON around it may write a byte in six characters.
  maxBodyBytes: 2 * 1024 * 1024,
  statuses: { ...USUAL_STATUSES, unauthenticated: 403, stale: 403 },
  verify,
  read,
};

interface SesSettings {
  /** The topics that may call. */
  topicArns: string[];
  /** Hosts of SigningCertURL and SubscribeURL: a regular expression over the whole `host` or `host:port`. */
  trustedHosts: string;
  /** CA certificates (PEM) that stand behind them, for another SNS than Amazon's; unset: Amazon's own. */
  trustedCa?: string | undefined;
  /** How old a message may be, and how far in the future, s. */
  toleranceSeconds: number;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

async function verify(call: WebhookCall, { settings }: SourceInUse<SesSettings>, deps: KindDeps): Promise<Verdict> {
  if (call.headers["x-amz-sns-rawdelivery"] === "true")
    return unauthenticated("raw message delivery is on at the subscription, which leaves the signature out");
  const message = messageOf(call);
  if (message === undefined) return unauthenticated("the body is no signed message of SNS");
  if (!settings.topicArns.includes(message.TopicArn)) return unauthenticated("the topic is none of topicArns");
  const signer = await signingCertificate(message.SigningCertURL, trustOf(settings), call.receivedAt, deps);
  if (signer.kind === "refused") return unauthenticated(signer.because);
  if (!isSignedBy(signer.certificate.publicKey, message)) return unauthenticated("the signature is not of this message");
  return staleness(new Date(message.Timestamp), call.receivedAt, settings.toleranceSeconds) ?? VERIFIED;
}

function messageOf(call: WebhookCall): SnsMessage | undefined {
  const json = readJson(call.body, snsMessage);
  return json.kind === "value" ? json.value : undefined;
}

function trustOf({ trustedHosts, trustedCa }: SesSettings): Trust {
  return { hosts: new RegExp(`^(?:${trustedHosts})$`, "i"), isNamedByOperator: trustedHosts !== AWS_HOSTS, ca: trustedCa };
}

async function read(call: WebhookCall, { settings }: SourceInUse<SesSettings>, deps: KindDeps): Promise<Reading> {
  const message = messageOf(call);
  if (message === undefined) return malformed("the body is no message of SNS");
  if (message.Type === "UnsubscribeConfirmation") return { kind: "ignored", because: `the subscription of ${message.TopicArn} has ended at Amazon` };
  return message.Type === "Notification" ? readNotification(message) : confirm(message, trustOf(settings), deps);
}

const malformed = (because: string): Reading => ({ kind: "malformed", because });

/** SNS waits 15 s for our answer. */
const CONFIRM_TIMEOUT_MS = 10_000;
const MAX_CONFIRMATION_BYTES = 64 * 1024;

/** The subscription begins when its URL is fetched: only here, where signature, certificate and topic were found right. */
async function confirm(message: Extract<SnsMessage, { SubscribeURL: string }>, trust: Trust, deps: KindDeps): Promise<Reading> {
  const url = trustedUrl(message.SubscribeURL, trust.hosts);
  if (url === undefined) return malformed("SubscribeURL is not https and of a trusted host");
  const { ca, isNamedByOperator } = trust;
  try {
    await deps.fetch(url.href, { maxBytes: MAX_CONFIRMATION_BYTES, timeoutMs: CONFIRM_TIMEOUT_MS, isNamedByOperator, ...(ca !== undefined && { ca }) });
  } catch (cause) {
    throw new ProviderUnreachable("the subscription cannot be confirmed", { cause });
  }
  return { kind: "handshake", because: `the subscription of ${message.TopicArn} is confirmed` };
}

const verdict = z.object({ status: z.string().optional() }).optional();
const notificationShape = z.object({ notificationType: z.string() });
const receivedShape = z.object({
  mail: z.object({ messageId: z.string(), source: z.string().optional() }),
  receipt: z.object({
    recipients: z.array(z.string().min(1)).min(1),
    spamVerdict: verdict,
    virusVerdict: verdict,
    spfVerdict: verdict,
    dkimVerdict: verdict,
    dmarcVerdict: verdict,
    dmarcPolicy: z.string().optional(),
    action: z.object({ type: z.string().optional(), encoding: z.string().optional() }).optional(),
  }),
  content: z.string().optional(),
});
type Received = z.infer<typeof receivedShape>;

function readNotification({ Message, MessageId }: SnsMessage): Reading {
  const notification = parseJson(Message, notificationShape);
  if (notification === undefined) return { kind: "ignored", because: "the message is no notification of SES" };
  if (notification.notificationType !== "Received") return { kind: "ignored", because: `SES tells of ${notification.notificationType}, not of a mail` };
  const received = readJson(Buffer.from(Message), receivedShape);
  if (received.kind === "malformed") return malformed(`notification of SES: ${received.because}`);
  const raw = contentOf(received.value);
  if (!(raw instanceof Uint8Array)) return raw;
  return { kind: "mails", mails: [mailOf(received.value, raw, MessageId)] };
}

function contentOf({ content, receipt }: Received): Buffer | Reading {
  if (content === undefined) {
    return malformed(
      `the notification has no content: it is of the action ${receipt.action?.type ?? "unknown"}, which tells of a mail without bringing it; only the SNS action brings mails, up to 150 kB, and mails in S3 are not fetched`,
    );
  }
  if (receipt.action?.encoding?.toUpperCase() !== "BASE64") return Buffer.from(content, "utf8");
  return bytesOfBase64(content) ?? malformed("the content is not base64 as the notification says");
}

function mailOf({ mail, receipt }: Received, raw: Buffer, id: string): BroughtMail {
  const { spamVerdict, virusVerdict, spfVerdict, dkimVerdict, dmarcVerdict, dmarcPolicy } = receipt;
  const found = { spam: spamVerdict?.status, virus: virusVerdict?.status, spf: spfVerdict?.status, dkim: dkimVerdict?.status, dmarc: dmarcVerdict?.status };
  return { id, raw, envelopeFrom: mail.source, envelopeTo: receipt.recipients, verdicts: verdictsOf({ ...found, dmarcPolicy }) };
}
