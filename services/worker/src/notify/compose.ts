import MailComposer from "nodemailer/lib/mail-composer";
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
 * nodemailer decides headers and encodings; its own way to put them together is a row of streams, at three times the cost.
 */
export function composeMail({ messageId, from, to, replyTo, bounceTo, date, inReplyTo, references, headers, content, trace }: MailParts): OutgoingMail {
  const fileName = messageId.slice(1, messageId.indexOf("@")).replace(/[^A-Za-z0-9.-]/g, "-");
  const root = new MailComposer({
    ...content,
    messageId,
    from,
    to,
    ...(replyTo && { replyTo }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    date,
    references,
    headers,
    baseBoundary: fileName,
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const parts = [content.text, content.html].map((source, index) => partOf(root.childNodes[index], source));
  const lines = [`${root.buildHeaders()}\r\n`, ...parts.flatMap((part) => [`--${root.boundary}`, part]), `--${root.boundary}--\r\n`];
  return { messageId, fileName, envelope: { from: bounceTo, to: to.address }, raw: Buffer.from(lines.join("\r\n")), trace };
}

type MimeNode = ReturnType<MailComposer["compile"]>;

function partOf(node: MimeNode | undefined, source: string): string {
  if (!node) throw new Error("a mail has a text and an HTML part");
  return `${node.buildHeaders()}\r\n\r\n${encoded(source.replace(/\r?\n|\r/g, "\r\n"), node.getTransferEncoding())}`;
}

/** Lines are as long as nodemailer makes them. */
function encoded(text: string, transferEncoding: string | false): string {
  if (transferEncoding === "quoted-printable") return wrap(encode(text), LINE_CHARS);
  if (transferEncoding === "base64")
    return Buffer.from(text)
      .toString("base64")
      .replace(/.{76}(?!$)/g, "$&\r\n");
  return text;
}

const LINE_CHARS = 76;
