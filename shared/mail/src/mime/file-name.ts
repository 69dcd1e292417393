import { MAX_NAME_LENGTH } from "../limits.ts";
import { uuencodedName } from "../transfer/uuencode.ts";
import { parameterText } from "./extended-parameter.ts";
import { headerText } from "./header-text.ts";
import { type Part, rawHeader } from "./part.ts";

/** Names for parts that have none: whole ones where one is usual, else endings. */
const USUAL_NAMES: Readonly<Record<string, string>> = {
  "text/calendar": "invite.ics",
  "application/pgp-signature": "signature.asc",
  "application/pkcs7-signature": "smime.p7s",
  "application/x-pkcs7-signature": "smime.p7s",
  "application/pkcs7-mime": "smime.p7m",
  "application/x-pkcs7-mime": "smime.p7m",
  "application/ms-tnef": "winmail.dat",
};
const ENDINGS: Readonly<Record<string, string>> = {
  "text/plain": "txt",
  "text/x-vcard": "vcf",
  "text/vcard": "vcf",
  "text/markdown": "md",
  "text/javascript": "js",
  "text/rfc822-headers": "txt",
  "text/richtext": "rtx",
  "message/rfc822": "eml",
  "message/global": "eml",
  "message/news": "eml",
  "message/partial": "eml",
  "image/jpeg": "jpg",
  "image/pjpeg": "jpg",
  "image/svg+xml": "svg",
  "image/tiff": "tif",
  "image/x-icon": "ico",
  "image/vnd.microsoft.icon": "ico",
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
  "audio/basic": "au",
  "video/quicktime": "mov",
  "application/x-zip-compressed": "zip",
  "application/gzip": "gz",
  "application/x-gzip": "gz",
  "application/postscript": "ps",
  "application/msword": "doc",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/javascript": "js",
  "application/pgp-encrypted": "asc",
  "application/pgp-keys": "asc",
  "application/octet-stream": "bin",
};

/** A part's file name: without directories, never empty. `position`: which file of the message it is, from 1. */
export function fileName(part: Part, hint: string | undefined, position: number): string {
  const { contentType, disposition, headers } = part;
  const given =
    (disposition && parameterText(disposition, "filename", hint)) ??
    parameterText(contentType, "name", hint) ??
    (disposition && parameterText(disposition, "name", hint)) ??
    parameterText(contentType, "filename", hint) ??
    uuencoded(part) ??
    locationName(headers, hint);
  return cleanName(given ?? "") || madeName(part.type, position);
}

/** A name as a file system and a browser can take it; "" when nothing is left. */
export function cleanName(name: string): string {
  const last = name.split(/[/\\]/).findLast((piece) => piece.trim() !== "") ?? "";
  // Marks that turn the direction of writing make an .exe look like a .jpg.
  const plain = last.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "").trim();
  if (/^\.*$/.test(plain)) return "";
  if (plain.length <= MAX_NAME_LENGTH) return plain;
  const ending = /\.[^.]{1,20}$/.exec(plain)?.[0] ?? "";
  return (plain.slice(0, MAX_NAME_LENGTH - ending.length) + ending).toWellFormed();
}

/** `attachment-2.png`. */
export function madeName(type: string, position: number): string {
  return USUAL_NAMES[type] ?? `attachment-${position}.${endingOf(type)}`;
}

function endingOf(type: string): string {
  const known = ENDINGS[type];
  if (known !== undefined) return known;
  if (type.startsWith("message/") || type.startsWith("multipart/")) return "txt";
  const subtype = type.slice(type.indexOf("/") + 1).replace(/^x-/, "");
  return /^[a-z0-9]{1,8}$/.test(subtype) ? subtype : "bin";
}

function uuencoded({ encoding, source, start, end }: Part): string | undefined {
  const name = encoding === "uuencode" ? uuencodedName(source, start, end) : undefined;
  return name === undefined ? undefined : headerText(name) || undefined;
}

/** The last piece of a Content-Location, when it looks like a file's. */
function locationName(headers: Part["headers"], hint: string | undefined): string | undefined {
  const location = rawHeader(headers, "content-location");
  const last = location === undefined ? "" : (headerText(location, hint).split(/[?#]/, 1)[0]?.split("/").at(-1) ?? "");
  return /\.[A-Za-z0-9]{1,8}$/.test(last) ? last : undefined;
}
