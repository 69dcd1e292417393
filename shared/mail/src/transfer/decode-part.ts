import { bufferOver } from "../bytes.ts";
import type { PartContent } from "../understood-mail.ts";
import { decodeBase64 } from "./base64.ts";
import { decodeQuotedPrintable } from "./quoted-printable.ts";
import { decodeUuencode } from "./uuencode.ts";

/** Undecoded content is handed on in views of this size, bytes. */
const VIEW = 64 * 1024;

/**
 * A part's decoded content, in chunks of at most 64 KiB, so that a large file never stands decoded in memory as a whole.
 * `raw` is the message that was understood. A chunk may be a view of it: copy what is to outlive it. `reuses`: a chunk may be
 * overwritten by the next, so that who looks at each at once leaves no file of garbage behind.
 */
export function decodePart(raw: Uint8Array, content: PartContent, reuses = false): Generator<Uint8Array> {
  if (content.kind === "bytes") return views(content.bytes, 0, content.bytes.length);
  const { start, end, encoding } = content;
  if (encoding === "base64") return decodeBase64(raw, start, end, reuses);
  if (encoding === "quoted-printable") return decodeQuotedPrintable(raw, start, end);
  if (encoding === "uuencode") return decodeUuencode(bufferOver(raw), start, end);
  return views(raw, start, end);
}

function* views(bytes: Uint8Array, start: number, end: number): Generator<Uint8Array> {
  for (let at = start; at < end; at += VIEW) yield bytes.subarray(at, Math.min(at + VIEW, end));
}

/** Decoded content as one piece, at most `maxBytes` of it. */
export function decodeWhole(raw: Uint8Array, content: PartContent, maxBytes: number): { bytes: Buffer; isCut: boolean } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (const chunk of decodePart(raw, content)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) return { bytes: Buffer.concat(chunks, maxBytes), isCut: true };
  }
  return { bytes: Buffer.concat(chunks, size), isCut: false };
}
