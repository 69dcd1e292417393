import { FORWARD_SUBJECT, SENT_FROM } from "./quote-words.ts";
import { attributionAbove, isAttribution, isForwardLine, isQuoted, startOfOriginal } from "./quotes.ts";

/**
 * What is new in a mail: its text without the mails it quotes at its end and without its signature.
 *
 * Written here, because the libraries search the whole text with expressions that are not linear (email-reply-parser
 * asks for a native RE2 against that) and know fewer languages. This one looks at each line once or twice, in five
 * steps: our own marker; the header block or dividing line that programs put above a whole original; quotes at the end,
 * with the line above them that says who wrote; a quote at the top that is answered below; the signature.
 * Answers between quotes keep their quotes: alone they would mean nothing. A forwarded mail is what its sender wants to
 * show, and stays. When in doubt a line stays; the full text is kept beside it anyway.
 */

/** Our mails may ask to answer above this line; from it on everything is ours. */
export const REPLY_MARKER = "--- Please reply above this line ---";
/** A longer text is not trimmed: nobody typed it, and looking has its price. */
const MAX_LINES = 20_000;
const MAX_CHARS = 2_000_000;
/** A signature with its disclaimer is shorter; with the space missing, "--" may also divide a text, or head a column. */
const MAX_SIGNATURE_LINES = 60;
const MAX_LOOSE_SIGNATURE_LINES = 8;
const MAX_LOOSE_SIGNATURE_CHARS = 80;
const MAX_SENT_FROM_CHARS = 120;
/** A text may end in quote, signature, quote and so on; mails that do have two or three. */
const MAX_ROUNDS = 6;

/**
 * Text without what it quotes and without its signature; the text itself when nothing would be left. `subject` tells a
 * forwarded mail; `keepsOriginals`: a mail with a whole original below counts as one, whatever is said of it.
 */
export function visibleText(text: string, { subject = "", keepsOriginals = false }: { subject?: string | undefined; keepsOriginals?: boolean } = {}): string {
  if (text.length > MAX_CHARS) return text;
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) return text;
  const marker = lines.findIndex((line) => line.includes(REPLY_MARKER));
  const end = marker < 0 ? lines.length : withoutAttribution(lines, marker);
  const visible = isForward(lines, end, { subject, keepsOriginals }) ? lines.slice(0, end) : ownLines(lines, end);
  return visible.some((line) => /[\p{L}\p{N}\p{S}\p{P}]/u.test(line)) ? visible.join("\n").trimEnd() : text;
}

function isForward(lines: readonly string[], end: number, { subject, keepsOriginals }: { subject: string; keepsOriginals: boolean }): boolean {
  if (FORWARD_SUBJECT.test(subject)) return true;
  const original = startOfOriginal(lines, end);
  const forwarded = lines.slice(0, end).findIndex(isForwardLine);
  return (forwarded >= 0 && forwarded < original) || (keepsOriginals && original < end);
}

function ownLines(lines: readonly string[], start: number): string[] {
  const end = trimEnd(lines, Math.min(start, startOfOriginal(lines, start)));
  const own = lines.slice(startOfAnswer(lines, end), end);
  return own.slice(own.findIndex((line) => line.trim() !== ""));
}

function trimEnd(lines: readonly string[], start: number): number {
  let end = start;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = end;
    end = withoutSignature(lines, withoutQuote(lines, withoutBlank(lines, end)));
    if (end === before) return end;
  }
  return end;
}

function withoutBlank(lines: readonly string[], start: number): number {
  let end = start;
  while (end > 0 && lines[end - 1]?.trim() === "") end -= 1;
  return end;
}

function withoutQuote(lines: readonly string[], end: number): number {
  let start = end;
  while (start > 0 && (isQuoted(lines[start - 1]) || lines[start - 1]?.trim() === "")) start -= 1;
  const hasQuote = lines.slice(start, end).some(isQuoted);
  return hasQuote ? withoutAttribution(lines, start) : end;
}

function withoutAttribution(lines: readonly string[], quoteStart: number): number {
  const end = withoutBlank(lines, quoteStart);
  return attributionAbove(lines, end) ?? end;
}

/** Ends before "-- ", which may have lost its space, and before what telephones add. */
function withoutSignature(lines: readonly string[], end: number): number {
  const last = withoutBlank(lines, end);
  if (last > 0 && isSentFrom(lines[last - 1] ?? "")) return last - 1;
  for (let index = last - 1; index >= Math.max(0, last - MAX_SIGNATURE_LINES); index -= 1) {
    const line = lines[index] ?? "";
    if (isQuoted(line)) return end;
    if (line === "-- " || (/^(?:--|—|––)$/.test(line) && isSignature(lines, index, last))) return index;
  }
  return end;
}

/** What stands below dashes that may be anything: a few short lines side by side, set off from what is above. */
function isSignature(lines: readonly string[], dashes: number, last: number): boolean {
  if (last - dashes > MAX_LOOSE_SIGNATURE_LINES) return false;
  const above = lines[dashes - 1] ?? "";
  const isSetOff = above.trim() === "" || isQuoted(above);
  return isSetOff && lines.slice(dashes + 1, last).every((line) => line.trim() !== "" && line.length <= MAX_LOOSE_SIGNATURE_CHARS);
}

function isSentFrom(line: string): boolean {
  const words = line.trim().toLowerCase();
  return words.length <= MAX_SENT_FROM_CHARS && SENT_FROM.some((beginning) => words.startsWith(beginning));
}

/** After a quote with which the text begins, when a line says who wrote it and an answer follows; otherwise 0. */
function startOfAnswer(lines: readonly string[], end: number): number {
  let index = 0;
  while (index < end && lines[index]?.trim() === "") index += 1;
  const attribution = index;
  while (index < end && index < attribution + 4 && !isQuoted(lines[index])) index += 1;
  if (index === attribution || !isQuoted(lines[index]) || !isAttribution(lines.slice(attribution, index))) return 0;
  while (index < end && (isQuoted(lines[index]) || lines[index]?.trim() === "")) index += 1;
  return lines.slice(index, end).some(isQuoted) ? 0 : index;
}
