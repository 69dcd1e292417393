import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { type UnderstoodMail, understandMail } from "@openticket/mail";
import { mailgunKind, mandrillKind, postmarkKind, type SourceKind, sendgridKind, sesKind } from "@openticket/webhooks";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { describe, expect, it, test } from "vitest";
import { basic, callWith, type Field, multipart, NOW_S, noFetch, take, URL_CALLED, urlencoded } from "../../shared/webhooks/test/calls.ts";

/**
 * The same mail is understood in the same way, whether it came whole by SMTP or through a provider: whole in every byte, or
 * in the fields that the provider makes of it. What a provider does not carry is said where it is left out.
 */
const KEY = "a-key-of-a-provider";
const SECRET = "provider:a-long-password";
const RECIPIENT = "support@example.test";

interface ProviderFile {
  name?: string;
  contentType: string;
  contentId?: string;
  bytes: Buffer;
}

/** A mail, and what a provider makes of it. */
interface Mail {
  raw: Buffer;
  text?: string;
  html?: string;
  /** Bytes of the text and their charset, for the provider that leaves texts as they came. */
  encoded?: { bytes: Buffer; charset: string };
  files: ProviderFile[];
}

type Provider = (mail: Mail) => Promise<Uint8Array>;

async function rawOf<Settings>(kind: SourceKind<Settings>, call: Parameters<typeof callWith>[0], secrets: string[]): Promise<Uint8Array> {
  const { reading } = await take(kind, callWith(call), { settings: kind.settings.parse({}), secrets });
  if (reading?.kind !== "mails" || reading.mails[0] === undefined) throw new Error(`no mail: ${JSON.stringify(reading)}`);
  expect(reading.mails[0].envelopeTo).toEqual([RECIPIENT]);
  return reading.mails[0].raw;
}

const headersOf = ({ raw }: Mail): [string, string][] => {
  const text = raw.toString("utf8");
  const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\n(?=[ \t])/g, "");
  return head.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
};

function mailgun(fields: Field[], write = urlencoded): Promise<Uint8Array> {
  const signature = createHmac("sha256", KEY).update(`${NOW_S}token`).digest("hex");
  const signed = Object.entries({ timestamp: NOW_S, token: "token", signature, recipient: RECIPIENT, sender: "ann@example.net" });
  return rawOf(mailgunKind, write([...signed.map(([name, value]) => ({ name, value })), ...fields]), [KEY]);
}

function sendgrid(fields: Field[]): Promise<Uint8Array> {
  const { body, headers } = multipart(
    [{ name: "envelope", value: JSON.stringify({ to: [RECIPIENT], from: "ann@example.net" }) }, ...fields],
    "a-boundary-of-sendgrid",
  );
  return rawOf(sendgridKind, { body, headers: { ...headers, authorization: basic(SECRET) } }, [SECRET]);
}

function postmark(fields: object): Promise<Uint8Array> {
  const body = JSON.stringify({ MessageID: "p-1", OriginalRecipient: RECIPIENT, ...fields });
  return rawOf(postmarkKind, { body, headers: { authorization: basic(SECRET) } }, [SECRET]);
}

function mandrill(msg: object): Promise<Uint8Array> {
  const events = JSON.stringify([{ event: "inbound", msg: { email: RECIPIENT, ...msg } }]);
  const { body, headers } = urlencoded({ mandrill_events: events });
  const signature = createHmac("sha1", KEY).update(`${URL_CALLED}mandrill_events${events}`).digest("base64");
  return rawOf(mandrillKind, { body, headers: { ...headers, "x-mandrill-signature": signature } }, [KEY]);
}

/** The reading of a notification alone: its signature has tests of its own. */
async function ses(content: string, encoding: "BASE64" | "UTF-8"): Promise<Uint8Array> {
  const receipt = { recipients: [RECIPIENT], action: { type: "SNS", encoding } };
  const Message = JSON.stringify({ notificationType: "Received", mail: { messageId: "s-1", source: "ann@example.net" }, receipt, content });
  const envelope = { Type: "Notification", MessageId: "n-1", TopicArn: "arn:aws:sns:eu-west-1:1:t", Timestamp: "2026-11-26T12:00:00.000Z" };
  const body = JSON.stringify({ ...envelope, Message, SignatureVersion: "2", Signature: "x", SigningCertURL: "x" });
  const settings = sesKind.settings.parse({ topicArns: [envelope.TopicArn] });
  const reading = await sesKind.read(callWith({ body }), { name: "mail", settings, secrets: [] }, noFetch);
  if (reading.kind !== "mails" || reading.mails[0] === undefined) throw new Error(`no mail: ${JSON.stringify(reading)}`);
  return reading.mails[0].raw;
}

const fileFields = (files: readonly ProviderFile[], prefix: string): Field[] =>
  files.map(({ name, contentType, bytes }, at) => ({ name: `${prefix}${at + 1}`, value: bytes, contentType, fileName: name ?? "" }));

const WHOLE: Record<string, Provider> = {
  "Mailgun, urlencoded": ({ raw }) => mailgun([{ name: "body-mime", value: raw }]),
  "Mailgun, multipart": ({ raw }) => mailgun([{ name: "body-mime", value: raw }], (fields) => multipart(fields, "a-boundary-of-mailgun")),
  SendGrid: ({ raw }) => sendgrid([{ name: "email", value: raw }]),
  "SES, base64": ({ raw }) => ses(raw.toString("base64"), "BASE64"),
};

/** These put the message into JSON: bytes that are no UTF-8 are lost at the provider. */
const WHOLE_AS_TEXT: Record<string, Provider> = {
  Postmark: ({ raw }) => postmark({ RawEmail: raw.toString("utf8") }),
  Mandrill: ({ raw }) => mandrill({ raw_msg: raw.toString("utf8") }),
  "SES, plain": ({ raw }) => ses(raw.toString("utf8"), "UTF-8"),
};

const IN_FIELDS: Record<string, Provider> = {
  Mailgun: (mail) => {
    const ids = Object.fromEntries(mail.files.flatMap(({ contentId }, at) => (contentId === undefined ? [] : [[`<${contentId}>`, `attachment-${at + 1}`]])));
    const texts = { "message-headers": JSON.stringify(headersOf(mail)), "body-plain": mail.text ?? "made from the HTML", "body-html": mail.html ?? "" };
    const counts = { "attachment-count": String(mail.files.length), "content-id-map": JSON.stringify(ids) };
    const fields = Object.entries({ ...texts, ...counts }).map(([name, value]) => ({ name, value }));
    return mailgun(
      [...fields, ...fileFields(mail.files, "attachment-")],
      mail.files.length > 0 ? (all) => multipart(all, "a-boundary-of-mailgun") : urlencoded,
    );
  },
  SendGrid: (mail) => {
    const head = mail.raw.subarray(0, mail.raw.indexOf("\r\n\r\n"));
    const charsets = { subject: "UTF-8", from: "UTF-8", text: mail.encoded?.charset ?? "utf-8", html: "utf-8" };
    const infos = mail.files.map(({ name, contentType, contentId }, at) => [
      `attachment${at + 1}`,
      { filename: name, name, type: contentType, "content-id": contentId },
    ]);
    const texts: Field[] = [
      ...(mail.text === undefined ? [] : [{ name: "text", value: mail.encoded?.bytes ?? mail.text }]),
      ...(mail.html === undefined ? [] : [{ name: "html", value: mail.html }]),
    ];
    const said = { charsets: JSON.stringify(charsets), attachments: String(mail.files.length), "attachment-info": JSON.stringify(Object.fromEntries(infos)) };
    const fields = Object.entries(said).map(([name, value]) => ({ name, value }));
    return sendgrid([{ name: "headers", value: head }, ...texts, ...fields, ...fileFields(mail.files, "attachment")]);
  },
  Postmark: (mail) => {
    const Headers = headersOf(mail).map(([Name, Value]) => ({ Name, Value }));
    const Attachments = mail.files.map(({ name, contentType, contentId, bytes }) => ({
      Name: name ?? "",
      ContentType: contentType,
      ContentID: contentId ?? "",
      Content: bytes.toString("base64"),
      ContentLength: bytes.length,
    }));
    return postmark({ Headers, TextBody: mail.text ?? "", HtmlBody: mail.html ?? "", Attachments });
  },
  Mandrill: (mail) => {
    const packed = (files: ProviderFile[], nameOf: (file: ProviderFile) => string) =>
      Object.fromEntries(
        files.map((file) => [nameOf(file), { name: nameOf(file), type: file.contentType, content: file.bytes.toString("base64"), base64: true }]),
      );
    const images = packed(
      mail.files.filter(({ contentId }) => contentId !== undefined),
      ({ contentId }) => contentId ?? "",
    );
    const attachments = packed(
      mail.files.filter(({ contentId }) => contentId === undefined),
      ({ name }) => name ?? "",
    );
    const headers = Object.fromEntries(headersOf(mail));
    return mandrill({ headers, text: mail.text ?? null, html: mail.html ?? null, images, attachments });
  },
};

/** What a ticket is made of. */
function essence(raw: Uint8Array) {
  const { kind, subject, from, text, messageId, inReplyTo, references, date, replyTo, to, attachments }: UnderstoodMail = understandMail(raw);
  const files = attachments.map(({ name, size, sha256, isInline, contentType }) => ({ name, size, sha256, isInline, contentType }));
  return { kind, subject, from, text, messageId, inReplyTo, references, date, replyTo, to, files: files.toSorted((a, b) => a.name.localeCompare(b.name)) };
}

const FIXTURES = new URL("../../shared/mail/test/fixtures/", import.meta.url);
const fixtures = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".eml"))
  .map((name) => ({ name, raw: readFileSync(new URL(name, FIXTURES)) }));
const isUtf8 = (raw: Buffer) => Buffer.from(raw.toString("utf8")).equals(raw);

describe("a whole mail", () => {
  it.each(Object.entries(WHOLE))("through %s is the same in every byte, whatever its charset and faults", async (_name, provider) => {
    expect(fixtures.length).toBeGreaterThan(100);
    for (const { name, raw } of fixtures) expect(Buffer.from(await provider({ raw, files: [] })).equals(raw), name).toBe(true);
  });

  it.each(Object.entries(WHOLE_AS_TEXT))("through %s is the same in every byte where it is UTF-8", async (_name, provider) => {
    const readable = fixtures.filter(({ raw }) => isUtf8(raw) && raw.length > 0);
    expect(readable.length).toBeGreaterThan(80);
    for (const { name, raw } of readable) expect(Buffer.from(await provider({ raw, files: [] })).equals(raw), name).toBe(true);
  });
});

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const PDF = Buffer.from("%PDF-1.4\n\xe2\xe3\xcf\xd3\n", "latin1");
const NESTED = Buffer.from("From: bob@example.net\r\nSubject: inner\r\n\r\ninner text\r\n");

interface Written {
  subject?: string;
  from?: string;
  text?: string;
  html?: string;
  headers?: Record<string, string>;
  inReplyTo?: string;
  references?: string[];
  files?: ProviderFile[];
}

/** The mail as a mail program sends it. */
async function sent({ files = [], from = "Ann <ann@example.net>", subject = "Hello", ...rest }: Written): Promise<Mail> {
  const attachments = files.map(({ name, contentType, contentId, bytes }) => ({
    content: bytes,
    contentType,
    filename: name ?? (false as const),
    ...(contentId !== undefined && { cid: contentId, contentDisposition: "inline" as const }),
  }));
  const options = {
    from,
    subject,
    to: "Support <support@example.test>",
    messageId: "<m-1@example.net>",
    date: new Date("2026-11-26T11:00:00Z"),
    attachments,
    ...rest,
  };
  const raw = await new MailComposer(options).compile().build();
  return { raw, files, ...(rest.text !== undefined && { text: rest.text }), ...(rest.html !== undefined && { html: rest.html }) };
}

function written(head: string[], body: Buffer, rest: Omit<Mail, "raw" | "files">): Promise<Mail> {
  const headers = ["From: Ann <ann@example.net>", "To: support@example.test", "Subject: Hello", "Message-ID: <m-1@example.net>", ...head];
  return Promise.resolve({ raw: Buffer.concat([Buffer.from(`${headers.join("\r\n")}\r\n\r\n`, "latin1"), body]), files: [], ...rest });
}

const LATIN = "Grüße aus Köln, 5 °C";
const FLOWED = "A paragraph that goes on \r\nin the next line.\r\n\r\n> quoted \r\n> text\r\n";
const SJIS = Buffer.from("k/qWe4zqgsyDgYFbg4s=", "base64");
const MAILS: Record<string, () => Promise<Mail>> = {
  "of plain text": () => sent({ text: "One line\nand another\n\n-- \nAnn" }),
  "in Latin-1": () =>
    written(["Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: 8bit"], Buffer.from(LATIN, "latin1"), {
      text: LATIN,
      encoded: { bytes: Buffer.from(LATIN, "latin1"), charset: "iso-8859-1" },
    }),
  "in Shift-JIS": () =>
    written(["Content-Type: text/plain; charset=shift_jis", "Content-Transfer-Encoding: base64"], Buffer.from(SJIS.toString("base64")), {
      text: "日本語のメール",
      encoded: { bytes: SJIS, charset: "shift_jis" },
    }),
  "in flowed paragraphs": () => written(["Content-Type: text/plain; charset=utf-8; format=flowed; delsp=no"], Buffer.from(FLOWED), { text: FLOWED }),
  "of text and HTML": () => sent({ text: "plain Grüße", html: "<p>html <b>Grüße</b></p>" }),
  "of HTML alone": () => sent({ html: "<p>Only <b>HTML</b></p><p>Second ä</p>" }),
  "with names that are not ASCII": () =>
    sent({ subject: "Größe: 日本語 ✓ und noch ein langer Betreff, der umbricht", from: '"Müller, Zoë" <zoe@example.net>', text: "x" }),
  "with files": () =>
    sent({
      text: "see files",
      files: [
        { name: "Größe (1).pdf", contentType: "application/pdf", bytes: PDF },
        { name: "日本語.txt", contentType: "text/plain", bytes: Buffer.from("text ä\n") },
        { name: `a"b;c'd.bin`, contentType: "application/octet-stream", bytes: Buffer.alloc(5000, 7) },
      ],
    }),
  "with a file of no bytes": () => sent({ text: "x", files: [{ name: "empty.dat", contentType: "application/octet-stream", bytes: Buffer.alloc(0) }] }),
  "with an attached message": () => sent({ text: "forwarded", files: [{ name: "inner.eml", contentType: "message/rfc822", bytes: NESTED }] }),
  "that answers another": () =>
    sent({ subject: "Re: Hello", text: "my answer\n\n> your text", inReplyTo: "<t-1@example.test>", references: ["<t-0@example.test>", "<t-1@example.test>"] }),
  "that is an automatic answer": () => sent({ text: "I am away", headers: { "Auto-Submitted": "auto-replied" } }),
  "of a mailing list": () => sent({ text: "to all", headers: { "List-Id": "<list.example.net>", Precedence: "list" } }),
};

describe("a mail in fields", () => {
  const cases = Object.keys(IN_FIELDS).flatMap((provider) => Object.keys(MAILS).map((mail) => [provider, mail] as const));

  it.each(cases)("through %s, %s, is understood as the whole one", async (providerName, mailName) => {
    const mail = await MAILS[mailName]?.();
    const provider = IN_FIELDS[providerName];
    if (mail === undefined || provider === undefined) throw new Error("no such case");
    expect(essence(await provider(mail))).toEqual(essence(mail.raw));
  });

  it.each(Object.entries(IN_FIELDS))("through %s with an image in its HTML has that image, inline", async (name, provider) => {
    const mail = await sent({
      text: "see",
      html: '<p><img src="cid:logo@1"></p>',
      files: [{ name: "logo.png", contentType: "image/png", contentId: "logo@1", bytes: PNG }],
    });
    const whole = essence(mail.raw);
    const composed = essence(await provider(mail));
    expect(whole.files).toMatchObject([{ name: "logo.png", isInline: true }]);
    // Mandrill calls images by their content id and leaves their names out.
    expect(composed).toEqual(name === "Mandrill" ? { ...whole, files: [{ ...whole.files[0], name: composed.files[0]?.name }] } : whole);
  });

  it.each(Object.entries(IN_FIELDS))("through %s is the same bytes each time", async (_name, provider) => {
    const mail = await sent({ text: "x", html: "<p>x</p>", files: [{ name: "a.pdf", contentType: "application/pdf", bytes: PDF }] });
    const digest = async () =>
      createHash("sha256")
        .update(await provider(mail))
        .digest("hex");
    expect(await digest()).toBe(await digest());
  });
});

test("every provider of mails is here", () => {
  expect([mailgunKind, sendgridKind, postmarkKind, sesKind, mandrillKind].map(({ brings }) => brings)).toEqual(Array(5).fill("mails"));
});
