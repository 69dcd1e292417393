import { createHash } from "node:crypto";
import { headerText, type MailHeader, writeHeaders } from "./mail-headers.ts";

/**
 * A message of RFC 5322 from what a provider has taken apart, so that mails that come in fields are understood by the same
 * code as mails that come whole.
 *
 * Promise: the same fields give the same bytes, and no field can add a header or a part. The message's own headers are kept
 * as given, in order; only those that describe its body (Content-*, MIME-Version) are replaced. Every part is base64, in
 * which no boundary can stand. What the provider has thrown away (the order of parts, what was signed) does not come back.
 */
export function composeMail({ headers, text, html, files }: MailFields): Buffer {
  const original = headerText(headers, "content-type") ?? "";
  const kept = headers.filter(({ name }) => !/^(?:content-|mime-version$)/i.test(name));
  const body = bodyOf(textOf(text, html, original), html, files);
  return Buffer.concat([writeHeaders(kept), Buffer.from("MIME-Version: 1.0\r\n"), bytesOf(body)]);
}

export interface MailFields {
  headers: readonly MailHeader[];
  text?: BodyText | undefined;
  html?: BodyText | undefined;
  files: readonly MailFile[];
}

export interface BodyText {
  bytes: Uint8Array;
  /** Unset: UTF-8. */
  charset?: string | undefined;
}

export interface MailFile {
  name?: string | undefined;
  contentType?: string | undefined;
  /** With or without angle brackets; of an image that the HTML shows. */
  contentId?: string | undefined;
  bytes: Uint8Array;
}

/** What the provider calls a mail that it gives no id: the same for the same message to the same recipients. */
export function idOfMail(raw: Uint8Array, envelopeTo: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(envelopeTo)).update(raw).digest("hex");
}

/** A name of a charset that cannot end its parameter. */
export function charsetLabel(name: string | undefined): string {
  return name !== undefined && /^[a-z0-9][a-z0-9._:+-]{0,39}$/i.test(name) ? name : "utf-8";
}

/** A part: its headers in order, and its body as it is sent. */
interface Part {
  headers: string[];
  body: Buffer;
}

interface Text extends BodyText {
  parameters: string;
}

/**
 * The plain text. Providers make one from the HTML of a mail that has none, which then is not what anybody wrote; and they
 * leave paragraphs of format=flowed (RFC 3676) as they came.
 */
function textOf(text: BodyText | undefined, html: BodyText | undefined, original: string): Text | undefined {
  if (text === undefined || (html !== undefined && /^\s*text\/html\b/i.test(original))) return undefined;
  const isFlowed = /^\s*text\/plain\b.*;\s*format="?flowed\b/is.test(original);
  const deletesSpaces = isFlowed && /;\s*delsp="?yes\b/i.test(original);
  return { ...text, parameters: `${isFlowed ? "; format=flowed" : ""}${deletesSpaces ? "; delsp=yes" : ""}` };
}

function bodyOf(text: Text | undefined, html: BodyText | undefined, files: readonly MailFile[]): Part {
  const links = linkedIds(html);
  const shown = files.filter(({ contentId, contentType }) => links.has(bareId(contentId)) && /^image\//i.test(contentType ?? ""));
  const attached = files.filter((file) => !shown.includes(file));
  const page =
    html === undefined ? undefined : joined("related", [textPart("html", { ...html, parameters: "" }), ...shown.map((file) => filePart(file, "inline"))]);
  const plain = text === undefined && page !== undefined ? undefined : textPart("plain", text ?? { bytes: Buffer.alloc(0), parameters: "" });
  const written = joined(
    "alternative",
    [plain, page].filter((part) => part !== undefined),
  );
  return joined("mixed", [written, ...attached.map((file) => filePart(file, "attachment"))]);
}

/** Content ids of what the HTML shows from its own mail. */
function linkedIds(html: BodyText | undefined): ReadonlySet<string> {
  const page = html === undefined ? "" : Buffer.from(html.bytes).toString("latin1");
  return new Set([...page.matchAll(/cid:([^\s"'<>()]{1,500})/gi)].map(([, id = ""]) => bareId(id)));
}

const bareId = (contentId: string | undefined): string => contentId?.replace(/[^!-~]|[<>]/g, "") ?? "";

function textPart(subtype: "plain" | "html", { bytes, charset, parameters }: Text): Part {
  return { headers: [`Content-Type: text/${subtype}; charset="${charsetLabel(charset)}"${parameters}`, BASE64], body: base64Lines(bytes) };
}

function filePart({ name, contentType, contentId, bytes }: MailFile, disposition: "inline" | "attachment"): Part {
  const fileName = name === undefined || name === "" ? "" : `; filename*=UTF-8''${percentEncoded(name)}`;
  const id = bareId(contentId);
  const headers = [`Content-Type: ${mediaType(contentType)}`, `Content-Disposition: ${disposition}${fileName}`];
  return { headers: [...headers, ...(id === "" ? [] : [`Content-ID: <${id}>`]), BASE64], body: base64Lines(bytes) };
}

const BASE64 = "Content-Transfer-Encoding: base64";

/** Type without its parameters; a multipart that is a file would be taken apart. */
function mediaType(contentType: string | undefined): string {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return /^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(type) && !type.startsWith("multipart/") ? type : "application/octet-stream";
}

/** RFC 5987; what is no well-formed Unicode cannot be encoded and is replaced. */
const percentEncoded = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

/** Parts under one multipart; a lone part needs none. */
function joined(subtype: "mixed" | "alternative" | "related", parts: readonly Part[]): Part {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const written = parts.map(bytesOf);
  const boundary = `=_${digestOf(written)}`;
  const pieces = written.flatMap((bytes) => [Buffer.from(`--${boundary}\r\n`), bytes]);
  return {
    headers: [`Content-Type: multipart/${subtype}; boundary="${boundary}"`],
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

function digestOf(pieces: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex").slice(0, 40);
}

const bytesOf = ({ headers, body }: Part): Buffer => Buffer.concat([Buffer.from(`${headers.join("\r\n")}\r\n\r\n`), body]);

/** Longest line of base64, RFC 2045. */
const LINE = /.{76}/g;

function base64Lines(bytes: Uint8Array): Buffer {
  const { buffer, byteOffset, byteLength } = bytes;
  return Buffer.from(`${Buffer.from(buffer, byteOffset, byteLength).toString("base64").replace(LINE, "$&\r\n").trimEnd()}\r\n`, "latin1");
}
