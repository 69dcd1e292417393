import { hasLongerLines } from "nodemailer/lib/mime-funcs";
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
  trace: OutgoingMail["trace"];
}

/**
 * The finished mail: text and HTML as alternatives. Everything but the date follows from the parts, the boundary too.
 * nodemailer writes and folds the headers. Its composer is not used: it is made for any mail with any files, and puts even
 * these two parts together through a row of streams, at several times the cost.
 */
export function composeMail({ messageId, from, to, replyTo, bounceTo, date, inReplyTo, references, headers, content, trace }: MailParts): OutgoingMail {
  const fileName = messageId.slice(1, messageId.indexOf("@")).replace(/[^A-Za-z0-9.-]/g, "-");
  const boundary = `--_ot-${fileName.slice(-BOUNDARY_CHARS)}`;
  const head = new MimeNode(`multipart/alternative; boundary="${boundary}"`, { baseBoundary: fileName });
  head.addHeader({
    ...headers,
    From: from,
    To: to,
    ...(replyTo && { "Reply-To": replyTo }),
    ...(inReplyTo !== undefined && { "In-Reply-To": inReplyTo }),
    ...(references.length > 0 && { References: references.join(" ") }),
    Subject: content.subject,
    "Message-ID": messageId,
    Date: date.toUTCString().replace("GMT", "+0000"),
  });
  const parts = [partOf("text/plain", content.text), partOf("text/html", content.html)];
  const lines = [head.buildHeaders(), "", ...parts.flatMap((part) => [`--${boundary}`, part]), `--${boundary}--`, ""];
  return { messageId, fileName, envelope: { from: bounceTo, to: to.address }, raw: Buffer.from(lines.join("\r\n")), trace };
}

/** A boundary may have 70 characters (RFC 2046, 5.1.1). The end of a Message-ID's name is its HMAC, which nobody can guess. */
const BOUNDARY_CHARS = 32;
/** Longest line of a body, in characters: more is told of in an encoding. */
const LINE_CHARS = 76;

/** One part with its headers. ASCII in short lines travels as it is; everything else in the shorter one of two encodings. */
function partOf(contentType: string, source: string): string {
  const text = source.replace(/\r?\n|\r/g, "\r\n");
  const isPlain = !NOT_PLAIN.test(text) && !hasLongerLines(text, LINE_CHARS);
  const [transferEncoding, body] = isPlain ? ["7bit", text] : encoded(text);
  return `Content-Type: ${contentType}; charset=utf-8\r\nContent-Transfer-Encoding: ${transferEncoding}\r\n\r\n${body}`;
}

/** What is no printable ASCII, tab or line break. */
const NOT_PLAIN = /[^\t\r\n -~]/;

function encoded(text: string): [string, string] {
  const bytes = Buffer.from(text);
  const quoted = encode(bytes);
  const base64 = bytes.toString("base64");
  if (quoted.length <= base64.length) return ["quoted-printable", wrap(quoted, LINE_CHARS)];
  return ["base64", base64.replace(/.{76}(?!$)/g, "$&\r\n")];
}
