import { createHash } from "node:crypto";
import { MAX_INSPECTED_BYTES } from "./limits.ts";
import { cleanName, fileName, madeName } from "./mime/file-name.ts";
import { headerText } from "./mime/header-text.ts";
import { type Part, rawHeader } from "./mime/part.ts";
import { bytesOf, contentOf } from "./part-content.ts";
import { type TnefContent, unpackTnef } from "./text/tnef.ts";
import { decodePart } from "./transfer/decode-part.ts";
import type { MailPart } from "./understood-mail.ts";

/** The files of a message, and what else was found in containers among them. */
export interface Attachments {
  list: MailPart[];
  tnef: TnefContent | undefined;
}

/** Files in order; those in a winmail.dat in its place. Each is decoded chunk by chunk for its size and hash. */
export function makeAttachments(raw: Uint8Array, files: readonly Part[], hint: string | undefined): Attachments {
  let tnef: TnefContent | undefined;
  const list = files.flatMap((part, index) => {
    const own = describe(raw, part, hint, index + 1);
    const unpacked = isTnef(own) ? unpackTnef(bytesOf(part, MAX_INSPECTED_BYTES).bytes) : undefined;
    tnef ??= unpacked;
    if (!unpacked || unpacked.files.length === 0) return [own];
    return unpacked.files.map(({ bytes, ...file }) => ({ ...fileOf(raw, bytes, file.name, file.contentType), contentId: file.contentId }));
  });
  return { list, tnef };
}

/** A file that was taken out of something. */
export function fileOf(raw: Uint8Array, bytes: Uint8Array, name: string, contentType = "application/octet-stream"): MailPart {
  const content = { kind: "bytes" as const, bytes };
  return { name: cleanName(name) || madeName(contentType, 1), contentType, ...measure(raw, content), isInline: false, content };
}

function describe(raw: Uint8Array, part: Part, hint: string | undefined, position: number): MailPart {
  const content = contentOf(part);
  const id = rawHeader(part.headers, "content-id");
  return {
    name: fileName(part, hint, position),
    contentType: part.type,
    ...measure(raw, content),
    isInline: part.disposition?.value === "inline" && part.type.startsWith("image/"),
    contentId: id === undefined ? undefined : bareId(headerText(id)),
    content,
  };
}

/** Without its brackets. */
function bareId(id: string): string | undefined {
  return id.slice(id.startsWith("<") ? 1 : 0, id.endsWith(">") ? -1 : undefined) || undefined;
}

function measure(raw: Uint8Array, content: MailPart["content"]): { size: number; sha256: string } {
  const hash = createHash("sha256");
  let size = 0;
  for (const chunk of decodePart(raw, content, true)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}

function isTnef({ contentType, name }: MailPart): boolean {
  return /^application\/(?:vnd\.)?ms-tnef$/.test(contentType) || /^win(?:mail|dat)?\.dat$/i.test(name);
}
