import { FORWARDED, HEADER_LABELS, type HeaderLabel, ON, ORIGINAL, WROTE } from "./quote-words.ts";

/** A line that says who wrote, put together from its pieces, is shorter. */
const MAX_ATTRIBUTION_CHARS = 400;
const MAX_ATTRIBUTION_LINES = 4;
const MAX_FORWARD_CHARS = 100;
/** Lines of a header block, with long lists of recipients wrapped. */
const MAX_HEADER_LINES = 14;

/** True for a line that programs mark as quoted. */
export function isQuoted(line: string | undefined): boolean {
  return line !== undefined && /^ {0,2}[>＞]/.test(line);
}

/** Index of the first line of what says who wrote the quote that begins at `end`; undefined when nothing there does. */
export function attributionAbove(lines: readonly string[], end: number): number | undefined {
  let found: number | undefined;
  for (let start = end - 1; start >= Math.max(0, end - MAX_ATTRIBUTION_LINES); start -= 1) {
    const first = lines[start] ?? "";
    if (first.trim() === "" || isQuoted(first)) return found;
    if (!isAttribution(lines.slice(start, end))) continue;
    if (beginsWithOn(first)) return start;
    found ??= start;
  }
  return found;
}

function beginsWithOn(line: string): boolean {
  const words = line.trim().toLowerCase();
  return ON.some((word) => words.startsWith(word));
}

/** True when these lines together say who wrote what follows, such as "On Monday, 5 May 2025 at 10:00, Ann <a@b.c> wrote:". */
export function isAttribution(pieces: readonly string[]): boolean {
  const line = join(pieces);
  if (line === undefined) return false;
  const words = line.toLowerCase();
  const hasAddress = words.includes("@");
  const hasDate = /\d/.test(words);
  if (!/[:：]$/.test(words)) return false;
  if (WROTE.some((verb) => words.includes(verb)) && (hasAddress || hasDate || beginsWithOn(words))) return true;
  return hasAddress && (words.match(/\d+/g)?.length ?? 0) >= 3;
}

function join(pieces: readonly string[]): string | undefined {
  if (pieces.length > MAX_ATTRIBUTION_LINES + 1) return undefined;
  const line = pieces.join(" ").replace(/\s+/g, " ").replace(/[*_]/g, "").trim();
  return line.length <= MAX_ATTRIBUTION_CHARS ? line : undefined;
}

/** Index of the line where a whole original mail begins that is quoted without marks; `end` when there is none. */
export function startOfOriginal(lines: readonly string[], end: number): number {
  const lastQuoted = lines.findLastIndex((line, index) => index < end && isQuoted(line));
  for (let index = 0; index < end; index += 1) {
    const line = lines[index] ?? "";
    if (line.length > MAX_ATTRIBUTION_CHARS || isQuoted(line)) continue;
    if (isDividingLine(line) || isHeaderBlock(lines, index, end)) return withoutRule(lines, index);
    if (index > lastQuoted && isUnmarkedOriginal(lines, index, end)) return index;
  }
  return end;
}

/** True for the line above a mail that is handed on, such as "---------- Forwarded message ---------". */
export function isForwardLine(line: string): boolean {
  if (line.length > MAX_FORWARD_CHARS || !/^\s*-{2}|[:：]\s*$/.test(line)) return false;
  const words = line.replace(/^[\s-]+/, "").toLowerCase();
  return words.startsWith("begin forwarded") || FORWARDED.some((phrase) => words.startsWith(phrase));
}

/** "-----Original Message-----" in many languages. */
function isDividingLine(line: string): boolean {
  if (!/^\s*[-_]{2}/.test(line)) return false;
  return ORIGINAL.has(line.replace(/^[\s\-_]+|[\s\-_:]+$/g, "").toLowerCase());
}

/** The lines From, Sent, To, Subject, in any language: three of them, the first of which is From, and an address or a time in them. */
function isHeaderBlock(lines: readonly string[], start: number, end: number): boolean {
  if (labelOf(lines[start] ?? "") !== "from") return false;
  const seen = new Set<HeaderLabel>();
  for (let index = start; index < Math.min(end, start + MAX_HEADER_LINES); index += 1) {
    const line = lines[index] ?? "";
    const label = labelOf(line);
    if (label !== undefined) seen.add(label);
    if (seen.size >= 3 && isOfMail(lines.slice(start, index + 1).join(" "))) return true;
    // HTML may have put blank lines between; two in a row end the block.
    if (line.trim() === "" && (lines[index + 1] ?? "").trim() === "") return false;
  }
  return false;
}

function isOfMail(block: string): boolean {
  return block.includes("@") || hasDayAndTime(block);
}

function labelOf(line: string): HeaderLabel | undefined {
  const match = /^[\s*_]{0,4}([^\s:：*][^:：*]{0,24}?)\s?[*_]{0,2}\s?[:：]/u.exec(line);
  return match?.[1] === undefined ? undefined : HEADER_LABELS.get(match[1].trim().toLowerCase());
}

/** Rules, and blank lines, that stand above such a block belong to it. */
function withoutRule(lines: readonly string[], start: number): number {
  let end = start;
  while (end > 0 && /^\s*$|^\s*[-_]{3,}\s*$/.test(lines[end - 1] ?? "")) end -= 1;
  const isDivided = end > 0 && isDividingLine(lines[end - 1] ?? "");
  return isDivided ? end - 1 : end;
}

/** A line that says who wrote, with date and time and a word for it, above text that has no marks: a whole original again. */
function isUnmarkedOriginal(lines: readonly string[], start: number, end: number): boolean {
  if (start === 0 || !mayAttribute(lines[start] ?? "")) return false;
  for (let next = start + 1; next <= Math.min(end, start + MAX_ATTRIBUTION_LINES); next += 1) {
    const last = lines[next - 1] ?? "";
    if (last.trim() === "") return false;
    if (/[:：]\s*$/.test(last)) return isAttribution(lines.slice(start, next)) && hasDayAndTime(lines.slice(start, next).join(" "));
  }
  return false;
}

function mayAttribute(line: string): boolean {
  return /\d/.test(line) && (beginsWithOn(line) || /^\s{0,8}\D{0,12}\d/.test(line) || /<[^<>]*@/.test(line));
}

function hasDayAndTime(text: string): boolean {
  return /\d{1,2}\s?[:.h時时]\s?\d{2}/.test(text) && (text.match(/\d+/g)?.length ?? 0) >= 3;
}
