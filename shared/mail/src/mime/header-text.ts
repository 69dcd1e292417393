import { isUtf8 } from "node:buffer";
import { needsDecoding, wellFormed } from "../bytes.ts";
import { decodeText } from "../charset/decode-text.ts";
import { decodeWords } from "./encoded-words.ts";

/** A header's text on one line: words decoded, controls as spaces. `hint`: charset for raw eight-bit bytes. */
export function headerText(raw: string, hint?: string | undefined): string {
  return oneLine(decodeWords(raw, hint));
}

/** Text without line ends and other controls, which no header may hold, but an encoded word can. */
export function oneLine(text: string): string {
  return wellFormed(text)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

/**
 * A header's bytes as bytes of UTF-8, one character per byte, so that what has a meaning in headers (quotes, commas) is
 * no half of a character of an older set.
 */
export function utf8Header(raw: string, hint?: string | undefined): string {
  if (!needsDecoding(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  if (isUtf8(bytes) && !raw.includes("\x1b")) return raw;
  return Buffer.from(decodeText(bytes, undefined, hint), "utf8").toString("latin1");
}
