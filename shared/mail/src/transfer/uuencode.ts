import { contentEnd, lineEnd } from "../bytes.ts";

/** How far the line that begins a uuencoded file is looked for, lines. */
const BEGIN_LINES = 200;
const LONGEST_BEGIN = 400;

/** Chunk of decoded bytes that is handed on. */
const CHUNK = 48 * 1024;
/** Of one line, decoded. */
const LONGEST_LINE = 63;

/** Decodes a uuencoded body, from its "begin" line, when it has one, to its "end", in chunks. */
export function* decodeUuencode(bytes: Buffer, start: number, end: number): Generator<Uint8Array> {
  let at = beginLine(bytes, start, end)?.next ?? start;
  let out = new Uint8Array(CHUNK);
  let used = 0;
  while (at < end) {
    const eol = lineEnd(bytes, at, end);
    const to = contentEnd(bytes, at, eol);
    if (to - at === 3 && bytes.toString("latin1", at, to) === "end") break;
    used += decodeLine(bytes, at, to, out.subarray(used));
    at = eol + 1;
    if (used + LONGEST_LINE <= CHUNK) continue;
    yield out.subarray(0, used);
    out = new Uint8Array(CHUNK);
    used = 0;
  }
  if (used > 0) yield out.subarray(0, used);
}

/** The name that the "begin" line gives, latin1. */
export function uuencodedName(bytes: Buffer, start: number, end: number): string | undefined {
  return beginLine(bytes, start, end)?.name;
}

function beginLine(bytes: Buffer, start: number, end: number): { name: string; next: number } | undefined {
  let at = start;
  for (let lines = 0; at < end && lines < BEGIN_LINES; lines += 1) {
    const eol = lineEnd(bytes, at, end);
    const [, name] = /^begin(?:-base64)? [0-7]{3,4} (.+)$/.exec(bytes.toString("latin1", at, Math.min(eol, at + LONGEST_BEGIN)).trimEnd()) ?? [];
    if (name !== undefined) return { name, next: Math.min(eol + 1, end) };
    at = eol + 1;
  }
  return undefined;
}

/** A line: its length as a character, then four characters for three bytes. Gives back how many bytes it was. */
function decodeLine(bytes: Buffer, from: number, to: number, out: Uint8Array): number {
  const size = from < to ? six(bytes[from]) : 0;
  // No more than the line has characters for; a missing last one counts as zero.
  const written = Math.min(size, Math.ceil(((to - from - 1) * 3) / 4));
  for (let done = 0, at = from + 1; done < written; done += 3, at += 4) {
    const [a, b, c, d] = [sixAt(bytes, at, to), sixAt(bytes, at + 1, to), sixAt(bytes, at + 2, to), sixAt(bytes, at + 3, to)];
    out[done] = (a << 2) | (b >> 4);
    if (done + 1 < written) out[done + 1] = (b << 4) | (c >> 2);
    if (done + 2 < written) out[done + 2] = (c << 6) | d;
  }
  return Math.max(written, 0);
}

function sixAt(bytes: Buffer, at: number, to: number): number {
  return at < to ? six(bytes[at]) : 0;
}

function six(byte: number | undefined): number {
  return byte === undefined ? 0 : (byte - 32) & 63;
}
