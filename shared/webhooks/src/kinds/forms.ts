import type { WebhookCall } from "../source-kind.ts";
import { headerParameters } from "./header-parameters.ts";
import { type MultipartPart, readMultipart } from "./multipart.ts";

/**
 * Fields of a form, urlencoded or multipart, as the bytes that they are: providers put whole mails into them, in whatever
 * charset, and sign some of them. Nothing is decoded, normalised or left out without saying so.
 */
export interface FormPart {
  name: string;
  /** Of a file, as the client names it; its path is kept. */
  fileName?: string | undefined;
  contentType?: string | undefined;
  bytes: Buffer;
}

export type Form = { kind: "form"; parts: FormPart[] } | { kind: "malformed"; because: string };

/** More than any provider sends: a mail of 500 attachments has its fields beside them. */
const MAX_PARTS = 1000;

/** Reads a body of `application/x-www-form-urlencoded` or `multipart/form-data`, the former where the type is missing. */
export async function readForm(contentType: string | undefined, body: Buffer): Promise<Form> {
  const type = (contentType ?? URLENCODED).split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === URLENCODED) return readUrlencoded(body);
  if (type === "multipart/form-data") return formOfParts(await readMultipart(contentType ?? "", body, MAX_PARTS));
  return malformed(`a form was expected, not ${JSON.stringify(type.slice(0, 100))}`);
}

/** Value of the first field of this name. */
export function fieldOf(parts: readonly FormPart[], name: string): Buffer | undefined {
  return parts.find((part) => part.name === name)?.bytes;
}

/** The same as text; what is no UTF-8 in it is replaced. For what the provider itself writes, such as a time. */
export function textOf(parts: readonly FormPart[], name: string): string | undefined {
  return fieldOf(parts, name)?.toString("utf8");
}

const URLENCODED = "application/x-www-form-urlencoded";
const malformed = (because: string): Form => ({ kind: "malformed", because });

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

function readUrlencoded(body: Buffer): Form {
  const parts: FormPart[] = [];
  for (let start = 0; start < body.length; ) {
    const next = body.indexOf(AMPERSAND, start);
    const end = next === -1 ? body.length : next;
    if (parts.length === MAX_PARTS) return malformed(`the form has more than ${MAX_PARTS} fields`);
    if (end > start) parts.push(pairOf(body.subarray(start, end)));
    start = end + 1;
  }
  return { kind: "form", parts };
}

function pairOf(pair: Buffer): FormPart {
  const equals = pair.indexOf(EQUALS);
  const nameEnd = equals === -1 ? pair.length : equals;
  return { name: unescapeBytes(pair.subarray(0, nameEnd)).toString("utf8"), bytes: unescapeBytes(pair.subarray(nameEnd + 1)) };
}

const PLUS = 0x2b;
const SPACE = 0x20;
const PERCENT = 0x25;
const NO_DIGIT = -1;

/** Bytes of an urlencoded text; a `%` that begins no escape stands for itself, as in the URL standard. */
function unescapeBytes(escaped: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at++) {
    const byte = escaped[at] ?? 0;
    const value = byte === PERCENT ? escapeAt(escaped, at) : NO_DIGIT;
    if (value !== NO_DIGIT) at += 2;
    bytes[length++] = value !== NO_DIGIT ? value : byte === PLUS ? SPACE : byte;
  }
  return bytes.subarray(0, length);
}

function escapeAt(escaped: Buffer, at: number): number {
  const high = digitOf(escaped[at + 1]);
  const low = digitOf(escaped[at + 2]);
  return high === NO_DIGIT || low === NO_DIGIT ? NO_DIGIT : high * 16 + low;
}

function digitOf(byte: number | undefined): number {
  if (byte === undefined) return NO_DIGIT;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : NO_DIGIT;
}

function formOfParts(read: readonly MultipartPart[] | string): Form {
  if (typeof read === "string") return malformed(read);
  const parts: FormPart[] = [];
  for (const { headers, bytes } of read) {
    const disposition = headerParameters(headers.get("content-disposition") ?? "");
    const name = disposition.get("name");
    if (name === undefined) return malformed("a part of the form has no name");
    parts.push({ name, fileName: disposition.get("filename"), contentType: headers.get("content-type"), bytes });
  }
  return { kind: "form", parts };
}

const formsOfCalls = new WeakMap<WebhookCall, Promise<Form>>();

/** The form of a call; read once, for its verification and for what it holds. */
export function formOf(call: WebhookCall): Promise<Form> {
  const known = formsOfCalls.get(call);
  if (known !== undefined) return known;
  const form = readForm(call.headers["content-type"], call.body);
  formsOfCalls.set(call, form);
  return form;
}
