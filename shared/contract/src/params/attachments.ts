import { LIMITS } from "../limits.ts";
import { type Attachment, attachmentRef, type InlineAttachment } from "../ticket-params.ts";
import { decodeBase64 } from "./base64.ts";
import { isNotGiven } from "./literals.ts";

export type DecodedAttachments = { kind: "attachments"; attachments: Attachment[] | undefined } | { kind: "invalid"; reason: string };

const WANTED = 'send base64 of JSON [{"name":"a.txt","data":"<base64>"}], file parts attachments[], or fields attachments[0][name] and attachments[0][data]';

/**
 * Attachments that are in memory already: base64 of JSON, a list, what bracket fields became, or references to blobs.
 * One that is wrong makes all of them wrong: a ticket is not opened without its files. Doors that take large bodies
 * stream them instead and hand over references.
 */
export function decodeAttachments(value: unknown): DecodedAttachments {
  if (isNotGiven(value)) return { kind: "attachments", attachments: undefined };
  const list = typeof value === "string" ? parseText(value) : value;
  if (list === undefined) return invalid("it is not base64 of JSON");
  return decodeList(list);
}

function parseText(text: string): unknown {
  const trimmed = text.trim();
  const json = trimmed.startsWith("[") ? trimmed : decodeBase64(trimmed)?.toString("utf8");
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function decodeList(list: unknown): DecodedAttachments {
  if (isNotGiven(list)) return { kind: "attachments", attachments: undefined };
  if (typeof list !== "object" || list === null) return invalid("it is not a list of files");
  const entries = Object.values(list);
  if (entries.length > LIMITS.attachments) return invalid(`it holds more than ${LIMITS.attachments} files`);
  const attachments: Attachment[] = [];
  for (const [index, entry] of entries.entries()) {
    const decoded = decodeEntry(entry);
    if (typeof decoded === "string") return invalid(`entry ${index} ${decoded}`);
    attachments.push(decoded);
  }
  return { kind: "attachments", attachments };
}

/** The attachment, or what is wrong with it. */
function decodeEntry(entry: unknown): Attachment | string {
  const reference = attachmentRef.safeParse(entry);
  if (reference.success) return reference.data;
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return "is not an object with name and data";
  const { name, filename, data, contentType }: Record<string, unknown> = { ...entry };
  const givenName = attachmentName(name ?? filename);
  if (givenName === undefined) return "has no name";
  if (typeof data !== "string") return "has no data";
  const bytes = decodeBase64(data);
  if (bytes === undefined) return "has data that is not base64";
  const decoded: InlineAttachment = { name: givenName, data: bytes.toString("base64") };
  if (typeof contentType === "string" && contentType !== "") decoded.contentType = contentType.slice(0, 255);
  return decoded;
}

/**
 * The base name of a file as a ticket shows it: no folders, no control or direction-changing characters, at most
 * {@link LIMITS.attachmentNameLength} characters with the extension kept. Undefined when nothing is left.
 */
export function attachmentName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const baseName = value.slice(Math.max(value.lastIndexOf("/"), value.lastIndexOf("\\")) + 1);
  const clean = baseName.replace(/[\p{Cc}\p{Cf}\u2028\u2029\ud800-\udfff]/gu, "").trim();
  if (clean === "" || clean === "." || clean === "..") return undefined;
  if (clean.length <= LIMITS.attachmentNameLength) return clean;
  const extension = /\.[^.]{1,20}$/.exec(clean)?.[0] ?? "";
  return (
    clean
      .slice(0, LIMITS.attachmentNameLength - extension.length)
      .toWellFormed()
      .replaceAll("\ufffd", "") + extension
  );
}

function invalid(reason: string): { kind: "invalid"; reason: string } {
  return { kind: "invalid", reason: `attachments could not be read: ${reason}; ${WANTED}` };
}
