import { CR, contentEnd, DASH, LF, lineEnd, SPACE, TAB } from "../bytes.ts";

/** Bytes [start, end) of a part: its headers and body, without the line end that belongs to the boundary after it. */
export interface Range {
  start: number;
  end: number;
}

export interface Split {
  parts: Range[];
  /** The boundary that closes the multipart was there. */
  isClosed: boolean;
}

type Delimiter = "open" | "close" | "none";

/** How far a boundary is looked for that no header tells, bytes and lines. */
const GUESS_BYTES = 64 * 1024;
const GUESS_LINES = 2000;
/** Where a part's own boundary is told, bytes. */
const HEAD_BYTES = 1024;
const SHORTEST_GUESS = 2;
const LONGEST_GUESS = 200;

/**
 * Splits a multipart's body at the lines that are its boundary. Whole lines are compared, so one boundary may begin with
 * another. What stands after the closing boundary is dropped, unless the boundary comes once more: then a part was closed
 * too early. A part that is a multipart of the same boundary ends where that is closed and the boundary comes again.
 * One pass over the bytes: a line costs at most its length.
 */
export function splitAtBoundary(bytes: Buffer, { start, end }: Range, boundary: Buffer, maxParts: number): Split {
  const parts: Range[] = [];
  let partStart = -1;
  let isClosed = false;
  let at = start;
  let within: Within = "plain";
  while (at < end) {
    const found: Delimiter = bytes[at] === DASH ? delimiterAt(bytes, at, end, boundary) : "none";
    if (found !== "none" && belongsInside(found, within)) {
      if (found === "close" && within === "same") within = "plain";
    } else if (found !== "none") {
      if (partStart !== -1) parts.push({ start: partStart, end: beforeLineEnd(bytes, partStart, at) });
      if (parts.length >= maxParts) return { parts, isClosed };
      isClosed = found === "close";
      partStart = isClosed ? -1 : nextLine(bytes, at, end);
      within = isClosed ? "plain" : boundaryWithin(bytes, partStart, end, boundary.toString("latin1"));
    }
    at = nextLine(bytes, at, end);
  }
  if (partStart !== -1) parts.push({ start: partStart, end });
  return { parts, isClosed };
}

/** Boundary of a part that is itself a multipart: the same as around it, or the one that closes it ("a--" in "a"). */
type Within = "plain" | "same" | "closing";

function belongsInside(found: Delimiter, within: Within): boolean {
  return within === "same" || (within === "closing" && found === "close");
}

function boundaryWithin(bytes: Buffer, partStart: number, end: number, boundary: string): Within {
  if (bytes[partStart] === LF || bytes[partStart] === CR) return "plain";
  const [head = ""] = bytes.toString("latin1", partStart, Math.min(end, partStart + HEAD_BYTES)).split(/\r?\n\r?\n/, 1);
  const [, own] = /^content-type[ \t]*:[ \t]*multipart\/[\s\S]{0,200}?boundary[ \t]*=[ \t]*"?([^"\r\n;]+)/im.exec(head) ?? [];
  if (own?.trimEnd() === boundary) return "same";
  return own?.trimEnd() === `${boundary}--` ? "closing" : "plain";
}

function delimiterAt(bytes: Buffer, at: number, end: number, boundary: Buffer): Delimiter {
  let to = at + 2;
  if (bytes[at + 1] !== DASH || to + boundary.length > end) return "none";
  for (let index = 0; index < boundary.length; index += 1, to += 1) if (bytes[to] !== boundary[index]) return "none";
  const closes = bytes[to] === DASH && bytes[to + 1] === DASH && to + 1 < end;
  const rest = closes ? to + 2 : to;
  return isBlankToLineEnd(bytes, rest, end) ? (closes ? "close" : "open") : "none";
}

function isBlankToLineEnd(bytes: Buffer, from: number, end: number): boolean {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
  return at >= end || bytes[at] === LF || bytes[at] === CR;
}

/** A lone carriage return ends a line too. */
function nextLine(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== LF && bytes[at] !== CR) at += 1;
  while (at < end && bytes[at] === CR) at += 1;
  return at < end && bytes[at] === LF ? at + 1 : at;
}

/** The line end before a boundary is the boundary's. */
function beforeLineEnd(bytes: Buffer, start: number, at: number): number {
  let to = at;
  if (to > start && bytes[to - 1] === LF) to -= 1;
  if (to > start && bytes[to - 1] === CR) to -= 1;
  return to;
}

/**
 * The boundary that a body seems to use: its first line of two dashes and a word, with a header, a blank line or the end
 * of that word's part after it. Undefined when there is none near its beginning.
 */
export function guessBoundary(bytes: Buffer, { start, end }: Range, { needsContentHeader = false } = {}): Buffer | undefined {
  const limit = Math.min(end, start + GUESS_BYTES);
  let at = start;
  for (let lines = 0; at < limit && lines < GUESS_LINES; lines += 1) {
    const eol = lineEnd(bytes, at, end);
    if (bytes[at] === DASH && bytes[at + 1] === DASH) {
      const word = bytes.toString("latin1", at + 2, Math.min(contentEnd(bytes, at, eol), at + 2 + LONGEST_GUESS)).trimEnd();
      if (isBoundaryWord(word) && startsPart(bytes, eol + 1, end, needsContentHeader)) return Buffer.from(word, "latin1");
    }
    at = eol + 1;
  }
  return undefined;
}

function isBoundaryWord(word: string): boolean {
  return word.length >= SHORTEST_GUESS && !/^-*$/.test(word) && !/\s/.test(word);
}

function startsPart(bytes: Buffer, at: number, end: number, needsContentHeader: boolean): boolean {
  const line = bytes.toString("latin1", at, Math.min(lineEnd(bytes, at, end), at + LONGEST_GUESS));
  return /^content-[a-z-]{2,40}[ \t]*:/i.test(line) || (!needsContentHeader && line.trim() === "");
}
