import { foldLines } from "nodemailer/lib/mime-funcs";
import MimeNode from "nodemailer/lib/mime-node";
import { encode, wrap } from "nodemailer/lib/qp";
import type { MailAddress } from "./address.ts";
import type { OutgoingMail } from "./mail-transport.ts";
import type { RenderedMail } from "./templates.ts";

/** Everything that a mail is made of. */
export interface MailParts {
  messageId: string;
  from: MailAddress;
  to: MailAddress;
  replyTo: MailAddress | undefined;
  /** Envelope sender; "" for the null sender. */
  bounceTo: string;
  date: Date;
  inReplyTo: string | undefined;
  references: string[];
  headers: Record<string, string>;
  content: RenderedMail;
}

/**
 * The finished mail: text and HTML as alternatives. Everything but the date follows from the parts, the boundary too.
 * nodemailer encodes and folds what needs it. Its composer is not used: it is made for any mail with any files, and puts even
 * these two parts together through a row of streams, at ten times the cost (ADR 6).
 */
export function composeMail({ messageId, from, to, replyTo, bounceTo, date, inReplyTo, references, headers, content }: MailParts): OutgoingMail {
  const fileName = messageId.slice(1, messageId.indexOf("@")).replace(/[^A-Za-z0-9.-]/g, "-");
  const boundary = `--_ot-${fileName.slice(-BOUNDARY_CHARS)}`;
  const lines = [
    ...Object.entries(headers).map(([name, value]) => headerLine(name, value)),
    addressLine("From", from),
    addressLine("To", to),
    ...(replyTo ? [addressLine("Reply-To", replyTo)] : []),
    ...(inReplyTo === undefined ? [] : [headerLine("In-Reply-To", inReplyTo)]),
    ...(references.length === 0 ? [] : [headerLine("References", references.join(" "))]),
    headerLine("Subject", content.subject),
    headerLine("Message-ID", messageId),
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`,
    "",
    `--${boundary}`,
    partOf("text/plain", content.text),
    `--${boundary}`,
    partOf("text/html", content.html),
    `--${boundary}--`,
    "",
  ];
  return { messageId, fileName, envelope: { from: bounceTo, to: to.address }, raw: lines.join("\r\n") };
}

/** A boundary may have 70 characters (RFC 2046, 5.1.1). The end of a Message-ID's name is its HMAC, which nobody can guess. */
const BOUNDARY_CHARS = 32;
/** Longest line of a header, and of a body in an encoding, in characters. */
const LINE_CHARS = 76;
const encoder = new MimeNode();

/** Most headers are short ASCII, and stand as they are. */
function headerLine(name: string, value: string): string {
  return folded(`${name}: ${IS_PLAIN_VALUE.test(value) ? value : encoder.encodeHeaderValue(name, value)}`);
}

function addressLine(name: string, { name: shown, address }: MailAddress): string {
  const isPlain = IS_WORDS.test(shown) && IS_PLAIN_VALUE.test(address);
  return folded(`${name}: ${isPlain ? `${shown} <${address}>` : encoder.encodeHeaderValue(name, { name: shown, address })}`);
}

function folded(line: string): string {
  return line.length <= LINE_CHARS ? line : foldLines(line, LINE_CHARS);
}

/** Printable ASCII without the beginning of an encoded word. */
const IS_PLAIN_VALUE = /^(?!.*=\?)[ -~]+$/;
/** What may stand before an address without quotes. */
const IS_WORDS = /^\w[\w ]*$/;

/** One part with its headers. ASCII travels as it is; everything else in the shorter one of two encodings. */
function partOf(contentType: string, source: string): string {
  const lines = source.split(source.includes("\r") ? /\r?\n|\r/ : "\n");
  const text = lines.join("\r\n");
  const isPlain = !NOT_PLAIN.test(text) && lines.every(({ length }) => length <= LONGEST_LINE);
  const [transferEncoding, body] = isPlain ? ["7bit", text] : encoded(text);
  return `Content-Type: ${contentType}; charset=utf-8\r\nContent-Transfer-Encoding: ${transferEncoding}\r\n\r\n${body}`;
}

/** What is no printable ASCII, tab or line break. */
const NOT_PLAIN = /[^\t\r\n -~]/;
/** Characters that a line of a mail may have (RFC 5322, 2.1.1). */
const LONGEST_LINE = 998;

function encoded(text: string): [string, string] {
  const bytes = Buffer.from(text);
  const quoted = encode(bytes);
  const base64 = bytes.toString("base64");
  if (quoted.length <= base64.length) return ["quoted-printable", wrap(quoted, LINE_CHARS)];
  return ["base64", base64.replace(/.{76}(?!$)/g, "$&\r\n")];
}
