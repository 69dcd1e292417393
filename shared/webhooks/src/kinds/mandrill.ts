import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { BroughtMail, Reading, SourceInUse, SourceKind, Verdict, WebhookCall } from "../source-kind.ts";
import { composeMail, idOfMail, type MailFile } from "./compose-mail.ts";
import { type FormPart, fieldOf, formOf } from "./forms.ts";
import { hmac } from "./hmac.ts";
import { bytesOfBase64, readJson } from "./json-fields.ts";
import { addressHeader, type MailHeader, textHeader, withMissing, writtenHeader } from "./mail-headers.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { USUAL_STATUSES } from "./statuses.ts";
import { verdictsOf } from "./verdicts.ts";

/** What Mandrill signs its trial call with: the webhook, and so its key, does not exist yet. */
const TRIAL_KEY = "test-webhook";
const TRIAL_EVENTS = "[]";

/**
 * Mandrill (Mailchimp Transactional) inbound: `mandrill_events`, a JSON array of up to 1000 events, in an urlencoded form.
 * Sources: mailchimp.com/developer/transactional, "Track and respond to activity with webhooks"; mandrill.zendesk.com, "How
 * to Authenticate Webhook Requests" and "Why can't my webhook or inbound route URL be verified".
 *
 * | status | when | Mandrill |
 * |---|---|---|
 * | 200 | every mail stored, or stored before; no inbound event; its trial call | is done |
 * | 401 | signature missing or wrong | repeats it: all but 200 is repeated with growing pauses, and given up after days |
 * | 400, 413, 422 | cannot be read, too large, for none of our mailboxes | repeats it: no status says "never" |
 * | 503 | our own trouble | repeats it |
 *
 * Signed is the URL exactly as it is registered at Mandrill, then name and value of every parameter, sorted by name.
 * Neither time nor id: a call that is said again brings the same mails with the same ids, which are made from them. Before
 * the webhook exists Mandrill asks by HEAD, without a signature, and else by an empty list signed with a key everybody knows.
 */
export const mandrillKind: SourceKind<MandrillSettings> = {
  name: "mandrill",
  brings: "mails",
  settings: z.strictObject({
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
  }),
  secrets: {
    isNeeded: () => true,
    faultOf: (secret) => (/^[!-~]{6,200}$/.test(secret) ? undefined : "expected the webhook's key as Mandrill shows it, at least 6 characters without spaces"),
  },
  maxBodyBytes: 64 * 1024 * 1024,
  statuses: USUAL_STATUSES,
  verify,
  read,
};

interface MandrillSettings {
  /** The URL as registered at Mandrill; unset: that of the call. */
  publicUrl?: string | undefined;
}

async function verify(call: WebhookCall, { settings, secrets }: SourceInUse<MandrillSettings>): Promise<Verdict> {
  if (call.method === "HEAD") return VERIFIED;
  const form = await formOf(call);
  if (form.kind === "malformed") return unauthenticated(form.because);
  const isTrial = form.parts.length === 1 && fieldOf(form.parts, "mandrill_events")?.toString("latin1") === TRIAL_EVENTS;
  const keys = isTrial ? [...secrets, TRIAL_KEY] : secrets;
  const expected = keys.map((key) => signatureOf(key, settings.publicUrl ?? call.url, form.parts));
  if (!isOneOf(call.headers["x-mandrill-signature"] ?? "", expected)) return unauthenticated("the signature is not of this key and this URL");
  return VERIFIED;
}

function signatureOf(key: string, url: string, parts: readonly FormPart[]): string {
  const sorted = parts.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return hmac("sha1", key, url, ...sorted.flatMap(({ name, bytes }) => [name, bytes])).toString("base64");
}

const file = z.object({ name: z.string().nullish(), type: z.string().nullish(), content: z.string(), base64: z.boolean().optional() });
/** PHP writes an empty object as an empty array. */
const files = z.preprocess((value) => (Array.isArray(value) && value.length === 0 ? {} : value), z.record(z.string(), file).optional());
const headers = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 0 ? {} : value),
  z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
);
const inboundEvent = z.object({
  msg: z.object({
    email: z.string().min(1),
    sender: z.string().nullish(),
    raw_msg: z.string().nullish(),
    headers,
    from_email: z.string().nullish(),
    from_name: z.string().nullish(),
    to: z.array(z.tuple([z.string(), z.string().nullish()])).nullish(),
    subject: z.string().nullish(),
    text: z.string().nullish(),
    html: z.string().nullish(),
    attachments: files,
    images: files,
    spf: z.object({ result: z.string().nullish() }).nullish(),
    spam_report: z.object({ score: z.number().nullish() }).nullish(),
  }),
});
type InboundMessage = z.infer<typeof inboundEvent>["msg"];
const anyEvent = z.looseObject({ event: z.string().optional() });

async function read(call: WebhookCall): Promise<Reading> {
  if (call.method === "HEAD") return { kind: "ignored", because: "Mandrill asks whether the URL is there" };
  const form = await formOf(call);
  if (form.kind === "malformed") return form;
  const events = readJson(fieldOf(form.parts, "mandrill_events") ?? Buffer.alloc(0), z.array(anyEvent));
  if (events.kind === "malformed") return { kind: "malformed", because: `mandrill_events: ${events.because}` };
  const inbound = events.value.filter(({ event }) => event === "inbound");
  if (inbound.length === 0) return { kind: "ignored", because: events.value.length === 0 ? "Mandrill tries the URL" : "none of the events is inbound" };
  return mailsOf(inbound);
}

/** One mail that cannot be read keeps none of the others from coming. */
function mailsOf(inbound: readonly unknown[]): Reading {
  const mails: BroughtMail[] = [];
  const unread: string[] = [];
  for (const [at, event] of inbound.entries()) {
    const { data, error } = inboundEvent.safeParse(event);
    const raw = data === undefined ? undefined : rawOf(data.msg);
    if (data !== undefined && raw !== undefined) mails.push(mailOf(data.msg, raw));
    if (raw === undefined) unread.push(`inbound event ${at + 1}: ${error?.issues[0]?.path.join(".") ?? "an attachment is not base64"}`);
  }
  return mails.length === 0 ? { kind: "malformed", because: unread.join("; ") } : { kind: "mails", mails, ...(unread.length > 0 && { unread }) };
}

function mailOf(message: InboundMessage, raw: Buffer): BroughtMail {
  const envelopeTo = [message.email];
  const verdicts = verdictsOf({ spf: message.spf?.result ?? undefined, spam: message.spam_report?.score?.toString() });
  return { id: idOfMail(raw, envelopeTo), raw, envelopeFrom: message.sender ?? undefined, envelopeTo, verdicts };
}

/** Undefined when a file of it cannot be read. */
function rawOf(message: InboundMessage): Buffer | undefined {
  if (message.raw_msg) return Buffer.from(message.raw_msg, "utf8");
  const attached = Object.entries(message.attachments ?? {}).map(([key, { name, ...rest }]) => fileOf({ ...rest, name: name ?? key, contentId: undefined }));
  const shown = Object.entries(message.images ?? {}).map(([key, image]) => fileOf({ ...image, base64: true, contentId: image.name ?? key }));
  const all = [...shown, ...attached];
  const read = all.filter((one) => one !== undefined);
  if (read.length < all.length) return undefined;
  return composeMail({ headers: headersOf(message), text: bodyText(message.text), html: bodyText(message.html), files: read });
}

type Packed = z.infer<typeof file> & { contentId: string | undefined };

function fileOf({ name, type, content, base64, contentId }: Packed): MailFile | undefined {
  const bytes = base64 === true ? bytesOfBase64(content) : Buffer.from(content, "utf8");
  return bytes === undefined ? undefined : { name: name ?? undefined, contentType: type ?? undefined, contentId, bytes };
}

function headersOf({ headers: given, from_email, from_name, to, subject }: InboundMessage): MailHeader[] {
  const kept = Object.entries(given ?? {}).flatMap(([name, value]) => [value].flat().flatMap((one) => writtenHeader(name, one)));
  return withMissing(kept, [
    ...addressHeader("From", [{ name: from_name ?? "", address: from_email ?? "" }]),
    ...addressHeader(
      "To",
      (to ?? []).map(([address, name]) => ({ name: name ?? "", address })),
    ),
    ...textHeader("Subject", subject ?? undefined),
  ]);
}

function bodyText(text: string | null | undefined): { bytes: Buffer } | undefined {
  return text ? { bytes: Buffer.from(text, "utf8") } : undefined;
}
