import { isUtf8 } from "node:buffer";
import iconv from "iconv-lite";
import { wellFormed } from "../bytes.ts";
import { guessLegacy } from "./guess.ts";
import { type Charset, canonicalCharset, STATEFUL } from "./labels.ts";
import { decodeHz, decodeIso2022 } from "./stateful.ts";
import { countUtf8 } from "./utf8.ts";

/** Names that are given without looking. */
const VAGUE: ReadonlySet<Charset> = new Set(["us-ascii", "windows-1252", "utf-8"]);

/**
 * Text of bytes whose label may be missing, wrong or unknown.
 *
 * Labels lie in known ways: everything is called ASCII, Latin-1 or UTF-8 by programs that do not know better, and a set
 * is called by the name of a smaller one. So what the bytes say comes first where they cannot say it by chance: a byte
 * order mark, UTF-8 in several characters, escape sequences of ISO 2022. Then the label; then `hint`, the set used
 * elsewhere in the message; then a guess.
 */
export function decodeText(bytes: Buffer, label: string | undefined, hint?: string | undefined): string {
  const marked = byteOrderMark(bytes);
  if (marked) return wellFormed(decodeAs(bytes.subarray(marked.size), marked.charset));
  const charset = canonicalCharset(label);
  if (charset === undefined || VAGUE.has(charset)) return wellFormed(decodeVague(bytes, charset, hint));
  const text = decodeAs(bytes, charset);
  return wellFormed(isUtf8AfterAll(bytes, charset, text) ? bytes.toString("utf8") : text);
}

function decodeVague(bytes: Buffer, charset: Charset | undefined, hint: string | undefined): string {
  if (isUtf8(bytes)) {
    const escaped = isoEscapes(bytes);
    if (escaped) return decodeAs(bytes, escaped);
    const wide = charset === undefined ? wideWithoutMark(bytes) : undefined;
    return wide ? decodeAs(bytes, wide) : bytes.toString("utf8");
  }
  if (charset === "windows-1252")
    return mostlyUtf8(bytes) && hasSeveral(bytes) ? bytes.toString("utf8") : decodeAs(bytes, guessLegacy(bytes, undefined, decodeAs));
  if (mostlyUtf8(bytes)) return bytes.toString("utf8");
  const wide = wideWithoutMark(bytes);
  return decodeAs(bytes, wide ?? guessLegacy(bytes, canonicalCharset(hint), decodeAs));
}

/** Decodes as the set says, unconditionally. */
function decodeAs(bytes: Buffer, charset: Charset): string {
  if (charset === "utf-8") return bytes.toString("utf8");
  if (charset === "hz-gb-2312") return decodeHz(bytes);
  if (STATEFUL.has(charset)) return decodeIso2022(bytes);
  const text = iconv.decode(bytes, charset === "utf-16" || charset === "utf-32" ? wideByteOrder(bytes, charset) : charset);
  return charset.startsWith("utf-") ? text : withoutControls(text);
}

/** Characters that no text holds stand in sets of Unix for those of Windows at the same place. */
function withoutControls(text: string): string {
  if (!/[\u0080-\u009f]/.test(text)) return text;
  return text.replace(/[\u0080-\u009f]/g, (character) => iconv.decode(Buffer.from([character.charCodeAt(0)]), "windows-1252"));
}

function byteOrderMark(bytes: Buffer): { charset: Charset; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const mark = bytes.toString("latin1", 0, 4);
  if (mark.startsWith("\u00ef\u00bb\u00bf")) return { charset: "utf-8", size: 3 };
  if (mark === "\u00ff\u00fe\0\0") return { charset: "utf-32le", size: 4 };
  if (mark === "\0\0\u00fe\u00ff") return { charset: "utf-32be", size: 4 };
  if (mark.startsWith("\u00ff\u00fe")) return { charset: "utf-16le", size: 2 };
  if (mark.startsWith("\u00fe\u00ff")) return { charset: "utf-16be", size: 2 };
  return undefined;
}

/** UTF-16 without mark or name: every other byte of the beginning is zero. */
function wideWithoutMark(bytes: Buffer): Charset | undefined {
  const sample = bytes.subarray(0, 200);
  if (sample.length < 8 || !sample.includes(0)) return undefined;
  const [even, odd] = zeros(sample);
  if (odd > sample.length * 0.3 && even < sample.length * 0.05) return "utf-16le";
  return even > sample.length * 0.3 && odd < sample.length * 0.05 ? "utf-16be" : undefined;
}

/** Without a mark, the order that makes more ASCII; else the network's. */
function wideByteOrder(bytes: Buffer, charset: "utf-16" | "utf-32"): Charset {
  const [even, odd] = zeros(bytes.subarray(0, 1000));
  if (charset === "utf-32") return bytes[0] === 0 ? "utf-32be" : "utf-32le";
  return odd > even ? "utf-16le" : "utf-16be";
}

function zeros(bytes: Buffer): [even: number, odd: number] {
  const counts: [number, number] = [0, 0];
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === 0) counts[at % 2 === 0 ? 0 : 1] += 1;
  return counts;
}

function isoEscapes(bytes: Buffer): Charset | undefined {
  const escapeAt = bytes.indexOf(0x1b);
  if (escapeAt === -1) return undefined;
  const sequence = bytes.toString("latin1", escapeAt + 1, escapeAt + 4);
  if (sequence === "$)C") return "iso-2022-kr";
  if (sequence === "$)A") return "iso-2022-cn";
  return /^(?:\$[@B]|\([IJ]|\$\([DOPQ])/.test(sequence) ? "iso-2022-jp" : undefined;
}

/** Under the name of another set: it is right as UTF-8, in more characters than chance would make, or wrong as what it is called. */
function isUtf8AfterAll(bytes: Buffer, charset: Charset, text: string): boolean {
  if (charset.startsWith("utf-") || STATEFUL.has(charset) || !isUtf8(bytes)) return false;
  const { sequences, long } = countUtf8(bytes);
  return sequences > 0 && (text.includes("\ufffd") || (sequences >= 4 && long > 0));
}

/** Some bytes are wrong, such as a character cut in two or a quoted line from elsewhere. */
function mostlyUtf8(bytes: Buffer): boolean {
  const { sequences, stray } = countUtf8(bytes);
  return sequences > 0 && sequences > stray * 3;
}

function hasSeveral(bytes: Buffer): boolean {
  return countUtf8(bytes).sequences >= 4;
}
