import { createPublicKey, type KeyObject, verify as verifySignature } from "node:crypto";
import { z } from "zod";
import type { BroughtMail, CallHead, Reading, SourceInUse, SourceKind, Verdict, WebhookCall } from "../source-kind.ts";
import { hasCredentials } from "./authorization.ts";
import { type BodyText, charsetLabel, composeMail, idOfMail, type MailFile } from "./compose-mail.ts";
import { type FormPart, fieldOf, formOf, textOf } from "./forms.ts";
import { bytesOfBase64, parseJson, textsOf } from "./json-fields.ts";
import { labelledHeader, parseHeaderBlock, withMissing } from "./mail-headers.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { faultOfCredentials, newCredentials } from "./secret-rules.ts";
import { USUAL_STATUSES } from "./statuses.ts";
import { instantOf, staleness } from "./timestamps.ts";
import { tolerance } from "./tolerance.ts";
import { verdictsOf } from "./verdicts.ts";

/** Signatures are tolerated for as long as a queue of SendGrid may take before it calls. */
const DEFAULT_TOLERANCE_S = 3600;

/**
 * Twilio SendGrid Inbound Parse: multipart, with the mail in fields or, with "POST the raw, full MIME message", whole in
 * `email`. Sources: twilio.com/docs/sendgrid, "Setting up the Inbound Parse Webhook" and "Securing your Parse Webhook";
 * the signature is that of the Event Webhook.
 *
 * | status | when | SendGrid |
 * |---|---|---|
 * | 200 | stored, or stored before | is done |
 * | 401 | password or signature missing, wrong or stale | drops the mail: today's documentation repeats 5xx alone |
 * | 400, 413, 422 | cannot be read, too large, for none of our mailboxes | drops the mail |
 * | 503 | our own trouble | repeats it for 3 days, then drops it without a word |
 *
 * Proof of the caller: user and password in the URL (the secret), the ECDSA signature (`publicKeys`), or both, in which case
 * both must be right. SendGrid gives no event id: the id is made from the mail.
 */
export const sendgridKind: SourceKind<SendgridSettings> = {
  name: "sendgrid",
  brings: "mails",
  settings: z.strictObject({
    publicKeys: z
      .array(z.string().refine((key) => signingKey(key) !== undefined, "expected a public key of ECDSA P-256 as base64, as SendGrid shows it"))
      .max(10)
      .default([]),
    toleranceSeconds: tolerance(DEFAULT_TOLERANCE_S),
  }),
  secrets: { isNeeded: ({ publicKeys }) => publicKeys.length === 0, faultOf: faultOfCredentials, generate: newCredentials },
  maxBodyBytes: 40 * 1024 * 1024,
  statuses: USUAL_STATUSES,
  verifyHead,
  verify: async (call, source) => verdictOf(call, source),
  read,
};

interface SendgridSettings {
  /** ECDSA P-256 keys, SPKI in base64; several while one is being replaced. Empty: calls are not signed. */
  publicKeys: string[];
  /** How old a signature may be, and how far in the future, s. */
  toleranceSeconds: number;
}

function verifyHead({ headers }: CallHead, { settings, secrets }: SourceInUse<SendgridSettings>): Verdict {
  if (secrets.length === 0 && settings.publicKeys.length === 0) return unauthenticated("neither a password nor a public key is set");
  if (secrets.length > 0 && !hasCredentials(headers.authorization, secrets)) return unauthenticated("user and password are missing or wrong");
  return VERIFIED;
}

function verdictOf(call: WebhookCall, source: SourceInUse<SendgridSettings>): Verdict {
  const verdict = verifyHead(call, source);
  if (verdict.kind === "refused" || source.settings.publicKeys.length === 0) return verdict;
  return signatureFault(call, source.settings) ?? verdict;
}

function signatureFault(call: WebhookCall, { publicKeys, toleranceSeconds }: SendgridSettings): Verdict | undefined {
  const timestamp = call.headers["x-twilio-email-event-webhook-timestamp"] ?? "";
  const signature = bytesOfBase64(call.headers["x-twilio-email-event-webhook-signature"] ?? "");
  const signedAt = instantOf(timestamp);
  if (signedAt === undefined || signature === undefined || signature.length === 0)
    return unauthenticated("the signature or its time is missing or not of its form");
  const signed = Buffer.concat([Buffer.from(timestamp), call.body]);
  if (!publicKeys.some((key) => isSignedBy(key, signed, signature))) return unauthenticated("the signature is of none of the public keys");
  return staleness(signedAt, call.receivedAt, toleranceSeconds);
}

function isSignedBy(publicKey: string, signed: Buffer, signature: Buffer): boolean {
  const key = signingKey(publicKey);
  return key !== undefined && verifySignature("sha256", signed, { key, dsaEncoding: "der" }, signature);
}

function signingKey(publicKey: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    // Whatever it is, it is no key.
    return undefined;
  }
}

const envelopeShape = z.object({ to: z.array(z.string().min(1)).min(1), from: z.string().optional() });

async function read(call: WebhookCall): Promise<Reading> {
  const form = await formOf(call);
  if (form.kind === "malformed") return form;
  const envelope = parseJson(textOf(form.parts, "envelope"), envelopeShape);
  if (envelope === undefined) return { kind: "malformed", because: "envelope is missing or names no recipient" };
  const raw = fieldOf(form.parts, "email") ?? composed(form.parts);
  if (!(raw instanceof Uint8Array)) return raw;
  const said = (name: string) => textOf(form.parts, name);
  const verdicts = verdictsOf({ spam: said("spam_score"), spf: said("SPF"), dkim: said("dkim") });
  const mail: BroughtMail = { id: idOfMail(raw, envelope.to), raw, envelopeFrom: envelope.from, envelopeTo: envelope.to, verdicts };
  return { kind: "mails", mails: [mail] };
}

/** Every text is in the charset that `charsets` names for it, and stays in it: the message says so in its turn. */
function composed(parts: readonly FormPart[]): Buffer | Reading {
  const charsets = textsOf(parseJson(textOf(parts, "charsets"), z.json()));
  const given = parseHeaderBlock(fieldOf(parts, "headers") ?? Buffer.alloc(0));
  const from = fieldOf(parts, "from");
  if (given.length === 0 && from === undefined) return { kind: "malformed", because: "there is neither email nor headers nor from" };
  const files = filesOf(parts);
  const promised = Number(textOf(parts, "attachments") ?? 0);
  if (files.length < promised) return { kind: "malformed", because: `attachments is ${promised}, and ${files.length} came` };
  const headers = withMissing(given, [
    ...(from === undefined ? [] : [{ name: "From", value: from }]),
    ...labelledHeader("Subject", fieldOf(parts, "subject") ?? Buffer.alloc(0), charsetLabel(charsets.get("subject"))),
  ]);
  return composeMail({ headers, text: bodyText(parts, "text", charsets), html: bodyText(parts, "html", charsets), files });
}

function bodyText(parts: readonly FormPart[], name: string, charsets: ReadonlyMap<string, string>): BodyText | undefined {
  const bytes = fieldOf(parts, name);
  return bytes === undefined || bytes.length === 0 ? undefined : { bytes, charset: charsets.get(name) };
}

const infoShape = z.record(z.string(), z.object({ filename: z.string(), name: z.string(), type: z.string(), "content-id": z.string() }).partial());

function filesOf(parts: readonly FormPart[]): MailFile[] {
  const infos = parseJson(textOf(parts, "attachment-info"), infoShape) ?? {};
  return parts
    .filter(({ name }) => /^attachment\d+$/.test(name))
    .map(({ name, fileName, contentType, bytes }) => {
      const info = infos[name];
      return { name: info?.filename ?? info?.name ?? fileName, contentType: info?.type ?? contentType, contentId: info?.["content-id"], bytes };
    });
}
