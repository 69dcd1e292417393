import { decoderOf } from "./code-pages.ts";
import { decompressRtf } from "./rtf-compressed.ts";
import { readRtf } from "./rtf-text.ts";
import { makeByteReader, OBJECT, type Property, readProperties, STRING_16 } from "./tnef-properties.ts";

/**
 * Unpacks winmail.dat, in which Outlook and Exchange hide a message's text and files ([MS-OXTNEF]).
 *
 * A stream of attributes: those of the message, then of each attachment, where names, data and text may stand in old
 * attributes or in MAPI properties; the properties win, their names are whole. Written here: the library for it on npm,
 * node-tnef, holds each byte as an element of an array, believes every length, gives the short names, has no RTF,
 * replaces `String.prototype.replaceAll` for the whole process, and brings a logger and a command line.
 * Invariant: every length is checked against what is left, nothing is copied but text, embedded messages are entered
 * {@link MAX_DEPTH} deep and hold {@link MAX_FILES} files together.
 */

/** What a winmail.dat held. */
export interface TnefContent {
  /** Body as text, from plain text or RTF; absent when there is none. */
  text?: string | undefined;
  html?: string | undefined;
  files: TnefFile[];
}

/** `bytes` is a view of the input. `contentId` without angle brackets. */
export interface TnefFile {
  name: string;
  contentType?: string | undefined;
  contentId?: string | undefined;
  bytes: Uint8Array;
}

const SIGNATURE = 0x223e9f78;
const MAX_FILES = 500;
const MAX_DEPTH = 3;
const MAX_TEXT_BYTES = 4_000_000;
const ATTRIBUTE = { body: 0x800c, properties: 0x9003, codePage: 0x9007, newAttachment: 0x9002, title: 0x8010, data: 0x800f, attachment: 0x9005 };
const PROPERTY = {
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  codePage: 0x3fde,
  data: 0x3701,
  longName: 0x3707,
  name: 0x3704,
  display: 0x3001,
  type: 0x370e,
  contentId: 0x3712,
};

/** Unpacks a TNEF stream (winmail.dat) as far as it can be read; undefined when it is none. Never throws. */
export function unpackTnef(bytes: Uint8Array): TnefContent | undefined {
  return unpack(bytes, 0);
}

function unpack(bytes: Uint8Array, depth: number): TnefContent | undefined {
  const reader = makeByteReader(bytes);
  if (reader.u32() !== SIGNATURE) return undefined;
  reader.skip(2);
  const message: RawMessage = { attributes: new Map(), attachments: [], codePage: 1252 };
  while (!reader.isEnd()) {
    const isOfAttachment = reader.bytes(1)[0] === 2;
    const id = reader.u32() & 0xffff;
    const data = reader.bytes(reader.u32());
    reader.skip(2);
    take(message, isOfAttachment, id, data);
  }
  return contentOf(message, depth);
}

type Attributes = Map<number, Uint8Array>;
interface RawMessage {
  attributes: Attributes;
  attachments: Attributes[];
  codePage: number;
}

function take(message: RawMessage, isOfAttachment: boolean, id: number, data: Uint8Array): void {
  if (!isOfAttachment) {
    if (id === ATTRIBUTE.codePage && data.length >= 4) message.codePage = makeByteReader(data).u32();
    if (!message.attributes.has(id)) message.attributes.set(id, data);
    return;
  }
  if (id === ATTRIBUTE.newAttachment && message.attachments.length < MAX_FILES) message.attachments.push(new Map());
  const attachment = message.attachments.at(-1);
  if (attachment !== undefined && !attachment.has(id)) attachment.set(id, data);
}

function contentOf(message: RawMessage, depth: number): TnefContent {
  const properties = readProperties(message.attributes.get(ATTRIBUTE.properties) ?? new Uint8Array());
  const codePage = numberOf(properties.get(PROPERTY.codePage)) ?? message.codePage;
  const files = message.attachments.flatMap((attachment) => filesOf(attachment, message.codePage, depth)).slice(0, MAX_FILES);
  const rtf = bodyOfRtf(properties.get(PROPERTY.rtf));
  const html = textOf(properties.get(PROPERTY.html), codePage) ?? rtf?.html;
  const old = message.attributes.get(ATTRIBUTE.body);
  const plain = textOf(properties.get(PROPERTY.body), codePage) ?? (old === undefined ? undefined : decode(old, message.codePage));
  return { text: plain ?? rtf?.text, html, files };
}

function bodyOfRtf(property: Property | undefined): { html?: string; text?: string } | undefined {
  const rtf = property === undefined ? undefined : decompressRtf(property.bytes);
  return rtf === undefined ? undefined : readRtf(rtf);
}

function filesOf(attachment: Attributes, codePage: number, depth: number): TnefFile[] {
  const properties = readProperties(attachment.get(ATTRIBUTE.attachment) ?? new Uint8Array());
  const title = attachment.get(ATTRIBUTE.title);
  const text = (id: number) => textOf(properties.get(id), codePage);
  const name =
    text(PROPERTY.longName) ?? text(PROPERTY.name) ?? (title === undefined ? undefined : decode(title, codePage)) ?? text(PROPERTY.display) ?? "file";
  const object = properties.get(PROPERTY.data);
  const embedded = object?.type === OBJECT && depth < MAX_DEPTH ? unpack(object.bytes.subarray(GUID_BYTES), depth + 1) : undefined;
  if (embedded !== undefined) return filesOfMessage(name, embedded);
  const bytes = attachment.get(ATTRIBUTE.data) ?? object?.bytes;
  if (bytes === undefined) return [];
  return [{ name, contentType: text(PROPERTY.type), contentId: text(PROPERTY.contentId)?.replace(/^<|>$/g, ""), bytes }];
}

/** An object's bytes begin with what it is. */
const GUID_BYTES = 16;

/** A message in an attachment: its text as a file, and its files. */
function filesOfMessage(name: string, { text, html, files }: TnefContent): TnefFile[] {
  const body = html ?? text;
  if (body === undefined) return files;
  const kind = html === undefined ? { ending: "txt", contentType: "text/plain" } : { ending: "html", contentType: "text/html" };
  return [{ name: `${name}.${kind.ending}`, contentType: kind.contentType, bytes: Buffer.from(body) }, ...files];
}

/** Text of a property; undefined when there is none, or it is empty. */
function textOf(property: Property | undefined, codePage: number): string | undefined {
  if (property === undefined) return undefined;
  return decode(property.bytes, property.type === STRING_16 ? UTF_16 : codePage);
}

const UTF_16 = 1200;

function decode(bytes: Uint8Array, codePage: number): string | undefined {
  const text = decoderOf(codePage).decode(bytes.subarray(0, MAX_TEXT_BYTES)).replaceAll("\0", "").replace(/\r\n?/g, "\n").trim();
  return text === "" ? undefined : text;
}

function numberOf(property: Property | undefined): number | undefined {
  return property !== undefined && property.bytes.length >= 4 ? makeByteReader(property.bytes).u32() : undefined;
}
