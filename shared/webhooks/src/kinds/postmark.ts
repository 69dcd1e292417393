import { makeNetworks, networkFault } from "@openticket/runtime";
import { z } from "zod";
import type { BroughtMail, CallHead, Reading, SourceInUse, SourceKind, Verdict } from "../source-kind.ts";
import { hasCredentials } from "./authorization.ts";
import { composeMail, idOfMail, type MailFile } from "./compose-mail.ts";
import { bytesOfBase64, readJson } from "./json-fields.ts";
import { addressHeader, headerText, type MailHeader, textHeader, withMissing, writtenHeader } from "./mail-headers.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { faultOfCredentials, newCredentials } from "./secret-rules.ts";
import { USUAL_STATUSES } from "./statuses.ts";
import { verdictsOf } from "./verdicts.ts";

/**
 * Postmark inbound: one JSON object a mail, with the whole message beside its fields where "Include raw email content in
 * JSON payload" is on. Sources: postmarkapp.com/developer, "Inbound webhook"; Action Mailbox and Anymail for the rest.
 *
 * | status | when | Postmark |
 * |---|---|---|
 * | 200 | stored, or stored before | is done |
 * | 401 | password missing or wrong, or an address that is not allowed | repeats it: 10 times in 10.5 hours |
 * | 403 | cannot be read, too large, for none of our mailboxes | gives up: the only status that says so |
 * | 503 | our own trouble | repeats it |
 *
 * Nothing is signed: user and password in the URL (the secret), Postmark's addresses (`allowedAddresses`), or both. What is
 * altered on the way, or said again, is not noticed; so use https. The button "Check" sends a mail whose MessageID is all
 * zero each time, and its files under `Data`.
 */
export const postmarkKind: SourceKind<PostmarkSettings> = {
  name: "postmark",
  brings: "mails",
  settings: z.strictObject({
    allowedAddresses: z.array(z.string().refine(isNetwork, "expected an IP address or a range such as 192.0.2.0/24")).max(100).default([]),
  }),
  secrets: { isNeeded: ({ allowedAddresses }) => allowedAddresses.length === 0, faultOf: faultOfCredentials, generate: newCredentials },
  // 35 MB, which may stand there twice in base64: as parts and in the whole message.
  maxBodyBytes: 80 * 1024 * 1024,
  statuses: { ...USUAL_STATUSES, malformed: 403, "too-large": 403, "unknown-mailbox": 403 },
  verifyHead,
  verify: async (call, source) => verifyHead(call, source),
  read: async (call) => readMail(call.body),
};

interface PostmarkSettings {
  /** IP addresses and ranges that may call; empty: any. */
  allowedAddresses: string[];
}

function verifyHead({ ip, headers }: CallHead, { settings: { allowedAddresses }, secrets }: SourceInUse<PostmarkSettings>): Verdict {
  if (secrets.length === 0 && allowedAddresses.length === 0) return unauthenticated("neither a password nor an allowed address is set");
  if (allowedAddresses.length > 0 && !isIn(allowedAddresses, ip)) return unauthenticated("the caller's address is not allowed");
  if (secrets.length > 0 && !hasCredentials(headers.authorization, secrets)) return unauthenticated("user and password are missing or wrong");
  return VERIFIED;
}

/** An address with a zone is one of this machine's own links: nobody's at Postmark. */
function isNetwork(text: string): boolean {
  return !text.includes("%") && networkFault(text) === undefined;
}

function isIn(networks: readonly string[], ip: string): boolean {
  return !ip.includes("%") && makeNetworks(networks)(ip);
}

const address = z.object({ Email: z.string(), Name: z.string().optional() });
const mailShape = z.object({
  MessageID: z.string(),
  OriginalRecipient: z.string().optional(),
  FromFull: address.optional(),
  ToFull: z.array(address).default([]),
  CcFull: z.array(address).default([]),
  BccFull: z.array(address).default([]),
  Subject: z.string().optional(),
  Date: z.string().optional(),
  ReplyTo: z.string().optional(),
  TextBody: z.string().optional(),
  HtmlBody: z.string().optional(),
  RawEmail: z.string().optional(),
  Headers: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
  Attachments: z
    .array(
      z.object({
        Name: z.string(),
        ContentType: z.string().optional(),
        ContentID: z.string().nullish(),
        Content: z.string().optional(),
        Data: z.string().optional(),
      }),
    )
    .default([]),
});
type PostmarkMail = z.infer<typeof mailShape>;

const NO_ID = /^[0-]*$/;

function readMail(body: Buffer): Reading {
  const json = readJson(body, mailShape);
  if (json.kind === "malformed") return json;
  const fields = json.value;
  const envelopeTo = recipientsOf(fields);
  if (envelopeTo.length === 0) return { kind: "malformed", because: "there is neither OriginalRecipient nor any other recipient" };
  const { envelopeFrom, headers } = withoutReturnPath(fields);
  const raw = fields.RawEmail === undefined || fields.RawEmail === "" ? composed(fields, headers) : Buffer.from(fields.RawEmail, "utf8");
  if (!(raw instanceof Uint8Array)) return raw;
  const id = NO_ID.test(fields.MessageID) ? idOfMail(raw, envelopeTo) : fields.MessageID;
  const verdicts = verdictsOf({ spam: headerText(headers, "x-spam-status"), spf: headerText(headers, "received-spf") });
  const mail: BroughtMail = { id, raw, envelopeFrom, envelopeTo, verdicts };
  return { kind: "mails", mails: [mail] };
}

function recipientsOf({ OriginalRecipient, ToFull, CcFull, BccFull }: PostmarkMail): string[] {
  if (OriginalRecipient !== undefined && OriginalRecipient !== "") return [OriginalRecipient];
  return [...new Set([...ToFull, ...CcFull, ...BccFull].map(({ Email }) => Email).filter((email) => email !== ""))];
}

/** Postmark puts a Return-Path before the message's own headers: only there it is the envelope's sender. */
function withoutReturnPath({ Headers }: PostmarkMail): { envelopeFrom: string | undefined; headers: MailHeader[] } {
  const [first, ...others] = Headers;
  const returnPath = first?.Name.toLowerCase() === "return-path" ? first.Value.trim().replace(/^<|>$/g, "") : undefined;
  const own = returnPath === undefined ? Headers : others;
  return { envelopeFrom: returnPath, headers: own.flatMap(({ Name, Value }) => writtenHeader(Name, Value)) };
}

function composed(fields: PostmarkMail, given: readonly MailHeader[]): Buffer | Reading {
  const { FromFull, ToFull, CcFull } = fields;
  const headers = withMissing(given, [
    ...addressHeader("From", FromFull === undefined ? [] : [mailbox(FromFull)]),
    ...addressHeader("To", ToFull.map(mailbox)),
    ...addressHeader("Cc", CcFull.map(mailbox)),
    ...writtenHeader("Reply-To", fields.ReplyTo),
    ...textHeader("Subject", fields.Subject),
    ...writtenHeader("Date", fields.Date),
  ]);
  const files = fields.Attachments.map(fileOf);
  if (files.includes(undefined)) return { kind: "malformed", because: "an attachment is not base64" };
  const read = files.filter((file) => file !== undefined);
  return composeMail({ headers, text: bodyText(fields.TextBody), html: bodyText(fields.HtmlBody), files: read });
}

const mailbox = ({ Email, Name }: z.infer<typeof address>) => ({ name: Name, address: Email });

function bodyText(text: string | undefined): { bytes: Buffer } | undefined {
  return text === undefined || text === "" ? undefined : { bytes: Buffer.from(text, "utf8") };
}

function fileOf({ Name, ContentType, ContentID, Content, Data }: PostmarkMail["Attachments"][number]): MailFile | undefined {
  const bytes = bytesOfBase64(Content ?? Data ?? "");
  if (bytes === undefined) return undefined;
  return { name: Name, contentType: ContentType, contentId: ContentID === "" ? undefined : (ContentID ?? undefined), bytes };
}
