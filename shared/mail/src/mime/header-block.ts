import { COLON, contentEnd, lineEnd, SPACE, TAB } from "../bytes.ts";
import type { Defects } from "../defects.ts";
import { MAX_HEADER_BYTES } from "../limits.ts";
import { MAX_HEADERS } from "../understood-mail.ts";

/**
 * Headers as bytes: a name in lower case, and a value unfolded with one character per byte (latin1), because what the
 * bytes mean may be said only by a part that comes later.
 *
 * Headers end at a blank line. In broken mail that line is missing, or lines that are no headers stand among them; then
 * what follows decides: junk before a header that every mail program knows is skipped, other junk is the body's start.
 */
export interface RawHeader {
  name: string;
  value: string;
}

export interface HeaderBlock {
  headers: RawHeader[];
  /** Where the body begins. */
  bodyStart: number;
  /** What ended them: a blank line, the end of the bytes, or a line that is no header. */
  ending: "blank" | "end" | "body";
}

/** How many bytes of headers may still be kept; shared by a message and its parts. */
export interface HeaderBudget {
  bytes: number;
}

interface Reader {
  bytes: Buffer;
  end: number;
  budget: HeaderBudget;
  defects: Defects;
  headers: RawHeader[];
  /** Header being read: its bytes so far. */
  open: { name: string; pieces: string[]; size: number } | undefined;
}

/** Names that prove a line to be a header, and the line before it to be junk among headers. */
const KNOWN =
  /^(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|sender|return-path|delivered-to|received|mime-version|content-[a-z-]{2,40}|x-[a-z0-9-]{2,60}|list-[a-z-]{2,40}|dkim-signature|authentication-results|arc-[a-z-]{2,40}|auto-submitted|precedence)$/;
const LONGEST_NAME = 200;
/** How many lines that are none may stand among headers. */
const JUNK_LINES = 3;

/** Reads the headers of [start, end). `isMessage`: of a whole message, not of a part, so that a mailbox's "From " line or blank lines may come first. */
export function readHeaderBlock(
  bytes: Buffer,
  start: number,
  end: number,
  { isMessage, budget, defects }: { isMessage: boolean; budget: HeaderBudget; defects: Defects },
): HeaderBlock {
  const reader: Reader = { bytes, end, budget, defects, headers: [], open: undefined };
  let at = isMessage ? skipPreface(reader, start) : start;
  while (at < end) {
    const eol = lineEnd(bytes, at, end);
    const next = Math.min(eol + 1, end);
    const verdict = readLine(reader, at, contentEnd(bytes, at, eol), next);
    if (verdict === "blank") return finish(reader, next, "blank");
    if (verdict === "body") return finish(reader, at, "body");
    at = next;
  }
  return finish(reader, end, "end");
}

function readLine(reader: Reader, from: number, to: number, next: number): "header" | "blank" | "body" {
  if (from === to) return "blank";
  const first = reader.bytes[from];
  if (first === SPACE || first === TAB) return readContinuation(reader, from, to, next);
  const name = nameAt(reader.bytes, from, to);
  if (name !== undefined) return openHeader(reader, name, to);
  if (!headersGoOn(reader, next)) return "body";
  reader.defects.note("a line among the headers is none");
  // A subject that was wrapped without indentation, or the next of its encoded words.
  if (reader.open?.name === "subject" || reader.bytes.toString("latin1", from, from + 2) === "=?") append(reader, from, to);
  return "header";
}

/** A header that every mail program knows comes soon, before any blank line. */
function headersGoOn(reader: Reader, from: number): boolean {
  const { bytes, end } = reader;
  let at = from;
  for (let lines = 0; lines < JUNK_LINES && at < end; lines += 1) {
    if (knownNameAt(reader, at) !== undefined) return true;
    const eol = lineEnd(bytes, at, end);
    if (contentEnd(bytes, at, eol) === at) return false;
    at = eol + 1;
  }
  return false;
}

function readContinuation(reader: Reader, from: number, to: number, next: number): "header" | "blank" {
  if (!isBlank(reader.bytes, from, to)) {
    if (reader.open) append(reader, from, to);
    return "header";
  }
  // White space alone continues a header in old mail, and ends all headers in broken mail: the next line knows.
  const first = reader.bytes[next];
  if (first === SPACE || first === TAB || knownNameAt(reader, next) !== undefined) return "header";
  reader.defects.note("the line that ends the headers is not empty");
  return "blank";
}

function openHeader(reader: Reader, { name, valueAt }: HeaderName, to: number): "header" {
  closeHeader(reader);
  reader.open = { name, pieces: [], size: 0 };
  append(reader, valueAt, to);
  return "header";
}

function append({ bytes, open, budget, defects }: Reader, from: number, to: number): void {
  if (!open) return;
  const room = Math.min(MAX_HEADER_BYTES - open.size, budget.bytes);
  const size = Math.min(to - from, room);
  if (size < to - from) defects.note("headers are too long and were cut");
  if (size <= 0) return;
  open.size += size;
  budget.bytes -= size;
  open.pieces.push(bytes.toString("latin1", from, from + size).trim());
}

function closeHeader(reader: Reader): void {
  if (!reader.open) return;
  const { name, pieces } = reader.open;
  reader.open = undefined;
  if (reader.headers.length >= MAX_HEADERS) return reader.defects.note(`it has more than ${MAX_HEADERS} headers`);
  reader.headers.push({ name, value: pieces.join(" ").trim() });
}

function finish(reader: Reader, bodyStart: number, ending: HeaderBlock["ending"]): HeaderBlock {
  closeHeader(reader);
  if (ending === "body" && reader.headers.length > 0) reader.defects.note("no blank line ends the headers");
  return { headers: reader.headers, bodyStart, ending };
}

interface HeaderName {
  name: string;
  valueAt: number;
}

/** Visible ASCII before a colon; spaces are tolerated in front of the colon. */
function nameAt(bytes: Buffer, from: number, to: number): HeaderName | undefined {
  let at = from;
  const limit = Math.min(to, from + LONGEST_NAME);
  while (at < limit && isNameByte(bytes[at])) at += 1;
  const nameEnd = at;
  while (at < limit && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
  if (nameEnd === from || at >= to || bytes[at] !== COLON) return undefined;
  return { name: bytes.toString("latin1", from, nameEnd).toLowerCase(), valueAt: at + 1 };
}

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && byte > SPACE && byte < 127 && byte !== COLON;
}

function knownNameAt({ bytes, end }: Reader, from: number): string | undefined {
  const found = nameAt(bytes, from, Math.min(end, from + LONGEST_NAME));
  return found && KNOWN.test(found.name) ? found.name : undefined;
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] !== SPACE && bytes[at] !== TAB) return false;
  return true;
}

/** Passes what may stand before the first header: a byte order mark, blank lines, the "From " line of a mailbox file. */
function skipPreface(reader: Reader, start: number): number {
  const { bytes, end, defects } = reader;
  let at = bytes.toString("latin1", start, Math.min(start + 3, end)) === "\u00ef\u00bb\u00bf" ? start + 3 : start;
  const headersAt = skipBlankLines(bytes, at, end);
  if (headersAt > at && knownNameAt(reader, headersAt) !== undefined) {
    defects.note("blank lines come before the headers");
    at = headersAt;
  }
  while (/^>?From /.test(bytes.toString("latin1", at, Math.min(at + 6, end))) && nameAt(bytes, at, Math.min(end, at + LONGEST_NAME)) === undefined)
    at = Math.min(lineEnd(bytes, at, end) + 1, end);
  return at;
}

function skipBlankLines(bytes: Buffer, start: number, end: number): number {
  let at = start;
  for (;;) {
    const eol = lineEnd(bytes, at, end);
    if (eol >= end || !isBlank(bytes, at, contentEnd(bytes, at, eol))) return at;
    at = eol + 1;
  }
}
