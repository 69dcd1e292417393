import type { Part } from "./mime/part.ts";
import { looksLikeBase64 } from "./transfer/base64.ts";
import { decodeWhole } from "./transfer/decode-part.ts";
import type { PartContent } from "./understood-mail.ts";

/** Where a part's content is. Of an encoded multipart, which is nowhere in the raw message, the bytes themselves. */
export function contentOf(part: Part): PartContent {
  const { source, start, end, encoding } = part;
  const content: PartContent = { kind: "raw", start, end, encoding };
  if (part.isInRaw) return content;
  return { kind: "bytes", bytes: decodeWhole(source, content, end - start).bytes };
}

/** Decoded bytes of a part, at most `maxBytes`. */
export function bytesOf(part: Part, maxBytes: number): { bytes: Buffer; isCut: boolean } {
  const { source, start, end } = part;
  return decodeWhole(source, { kind: "raw", start, end, encoding: usableEncoding(part) }, maxBytes);
}

/** Text that is said to be base64, and is plain prose, is taken as it stands. */
function usableEncoding({ source, start, end, encoding, type }: Part): Part["encoding"] {
  const isProse = encoding === "base64" && type.startsWith("text/") && !looksLikeBase64(source, start, end);
  return isProse ? "identity" : encoding;
}
