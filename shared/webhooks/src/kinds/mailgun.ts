import { isOneOf } from "@openticket/runtime";
import { z } from "zod";
import type { BroughtMail, Reading, SourceKind, Verdict, WebhookCall } from "../source-kind.ts";
import { composeMail, idOfMail, type MailFile } from "./compose-mail.ts";
import { type FormPart, fieldOf, formOf, textOf } from "./forms.ts";
import { hmac } from "./hmac.ts";
import { parseJson } from "./json-fields.ts";
import { type MailHeader, textHeader, withMissing, writtenHeader } from "./mail-headers.ts";
import { unauthenticated } from "./refusals.ts";
import { USUAL_STATUSES } from "./statuses.ts";
import { instantOf, staleness } from "./timestamps.ts";
import { tolerance } from "./tolerance.ts";
import { verdictsOf } from "./verdicts.ts";

/** Six repetitions take 7 h 55 min, and each may take its time. */
const REPEATED_FOR_S = 9 * 3600;

/**
 * Mailgun routes: `forward("https://…/webhooks/NAME")` posts a mail's fields, `forward("https://…/webhooks/NAME/mime")`,
 * any URL that ends in `mime`, the whole message as `body-mime`. What `store(notify="…")` posts has no files, only their URLs.
 * Source: documentation.mailgun.com, "Receiving, Forwarding and Storing Messages" and "Securing Webhooks".
 *
 * | status | when | Mailgun |
 * |---|---|---|
 * | 200 | stored, or stored before | is done |
 * | 401 | signature wrong or stale | repeats it for 8 hours, so that a key can be put right without losing mail |
 * | 406 | cannot be read, files are missing, too large, for none of our mailboxes | gives up: the only status that says so |
 * | 503 | our own trouble | repeats it after 10, 15, 30 min, 1, 2 and 4 h |
 *
 * The signature covers a time and a token, not the body: the token is handed to the door, which remembers it with its body.
 * Whether a repetition is signed anew is not documented, and receivers saw old signatures; so one is tolerated for as long
 * as Mailgun repeats.
 */
export const mailgunKind: SourceKind<MailgunSettings> = {
  name: "mailgun",
  brings: "mails",
  settings: z.strictObject({
    toleranceSeconds: tolerance(REPEATED_FOR_S),
  }),
  secrets: {
    isNeeded: () => true,
    faultOf: (secret) => (/^[!-~]{6,200}$/.test(secret) ? undefined : "expected the HTTP webhook signing key of Mailgun, at least 6 characters without spaces"),
  },
  maxBodyBytes: 48 * 1024 * 1024,
  statuses: { ...USUAL_STATUSES, malformed: 406, "too-large": 406, "unknown-mailbox": 406 },
  verify,
  read,
};

interface MailgunSettings {
  /** How old a signature may be, and how far in the future, s. */
  toleranceSeconds: number;
}

async function verify(call: WebhookCall, source: { settings: MailgunSettings; secrets: readonly string[] }): Promise<Verdict> {
  const form = await formOf(call);
  if (form.kind === "malformed") return unauthenticated(form.because);
  const timestamp = textOf(form.parts, "timestamp") ?? "";
  const token = textOf(form.parts, "token") ?? "";
  const signature = textOf(form.parts, "signature") ?? "";
  const signedAt = instantOf(timestamp);
  if (signedAt === undefined || !/^[!-~]{1,200}$/.test(token)) return unauthenticated("timestamp and token are missing or not of their form");
  const expected = source.secrets.map((secret) => hmac("sha256", secret, timestamp, token).toString("hex"));
  if (!isOneOf(signature, expected)) return unauthenticated("the signature is not of this key");
  const { toleranceSeconds } = source.settings;
  const until = new Date(signedAt.getTime() + toleranceSeconds * 1000);
  return staleness(signedAt, call.receivedAt, toleranceSeconds) ?? { kind: "verified", token: { value: token, until } };
}

async function read(call: WebhookCall): Promise<Reading> {
  const form = await formOf(call);
  if (form.kind === "malformed") return form;
  const envelopeTo = (textOf(form.parts, "recipient") ?? "").split(",").flatMap((address) => address.trim() || []);
  if (envelopeTo.length === 0) return { kind: "malformed", because: "recipient is missing" };
  const raw = fieldOf(form.parts, "body-mime") ?? composed(form.parts);
  if (!(raw instanceof Uint8Array)) return raw;
  const said = (name: string) => textOf(form.parts, name);
  const verdicts = verdictsOf({ spam: said("X-Mailgun-Sflag"), spf: said("X-Mailgun-Spf"), dkim: said("X-Mailgun-Dkim-Check-Result") });
  const mail: BroughtMail = { id: idOfMail(raw, envelopeTo), raw, envelopeFrom: textOf(form.parts, "sender"), envelopeTo, verdicts };
  return { kind: "mails", mails: [mail] };
}

/** Names and values of the message's headers, in order. */
const messageHeaders = z.array(z.tuple([z.string(), z.string()]));
/** What a notification of `store()` has instead of files. */
const storedFiles = z.array(z.looseObject({ url: z.string() }));
const contentIds = z.record(z.string(), z.string());

function composed(parts: readonly FormPart[]): Buffer | Reading {
  const headers = headersOf(parts);
  if (headers === undefined) return { kind: "malformed", because: "message-headers is no JSON list of names and values, and there is no body-mime" };
  const files = filesOf(parts);
  const stored = parseJson(textOf(parts, "attachments"), storedFiles) ?? [];
  if (files.length < stored.length) return { kind: "malformed", because: onlyNamed(stored.length) };
  const promised = Number(textOf(parts, "attachment-count") ?? 0);
  if (files.length < promised) return { kind: "malformed", because: `attachment-count is ${promised}, and ${files.length} came` };
  return composeMail({ headers, text: bodyText(parts, "body-plain"), html: bodyText(parts, "body-html"), files });
}

function onlyNamed(count: number): string {
  return `attachments only names the URLs of ${count} ${count === 1 ? "file" : "files"}: this is a notification of store(); let the route forward() the message itself`;
}

function headersOf(parts: readonly FormPart[]): MailHeader[] | undefined {
  const listed = textOf(parts, "message-headers");
  const given = listed === undefined ? [] : parseJson(listed, messageHeaders);
  if (given === undefined || (given.length === 0 && textOf(parts, "from") === undefined)) return undefined;
  const kept = given.flatMap(([name, value]) => writtenHeader(name, value));
  return withMissing(kept, [...writtenHeader("From", textOf(parts, "from")), ...textHeader("Subject", textOf(parts, "subject"))]);
}

function bodyText(parts: readonly FormPart[], name: string): { bytes: Buffer } | undefined {
  const bytes = fieldOf(parts, name);
  return bytes === undefined || bytes.length === 0 ? undefined : { bytes };
}

function filesOf(parts: readonly FormPart[]): MailFile[] {
  const ids = new Map(Object.entries(parseJson(textOf(parts, "content-id-map"), contentIds) ?? {}).map(([contentId, field]) => [field, contentId]));
  return parts
    .filter(({ name }) => /^attachment-\d+$/.test(name))
    .map(({ name, fileName, contentType, bytes }) => ({ name: fileName, contentType, contentId: ids.get(name), bytes }));
}
