import { needsDecoding } from "../bytes.ts";
import { decodeText } from "../charset/decode-text.ts";
import { hexValue } from "../transfer/quoted-printable.ts";

/**
 * Text of a header's words (RFC 2047), with every common breakage: words glued to text or to one another, spaces and
 * eight-bit bytes inside a word, a character cut in two between words, base64 cut anywhere, an end that is missing.
 * Neighbouring words of one charset are joined as bytes before they are decoded.
 *
 * Works on one character per byte; `hint` is the charset for bytes outside of words.
 */
export function decodeWords(raw: string, hint?: string | undefined): string {
  if (!raw.includes("=?")) return decodeBytes(raw, hint);
  let text = "";
  let run: Word[] = [];
  let at = 0;
  while (at < raw.length) {
    const start = raw.indexOf("=?", at);
    const word = start === -1 ? undefined : wordAt(raw, start);
    const stop = word ? start : start === -1 ? raw.length : start + 2;
    const between = raw.slice(at, stop);
    if (between !== "" && (run.length === 0 || !word || between.trim() !== "")) {
      text += decodeRun(run, hint) + decodeBytes(between, hint);
      run = [];
    }
    if (word) run.push(word);
    at = word ? word.end : stop;
  }
  return text + decodeRun(run, hint);
}

interface Word {
  charset: string;
  encoding: "b" | "q";
  text: string;
  end: number;
}

/** Of one word, characters: the standard allows 75, broken programs put a whole header into one. */
const LONGEST_TEXT = 10_000;
/** `=?charset*language?encoding?` */
const OPENING = /=\?([^?\s]{1,60})\?([bq])\?/iy;

/** Where a word may end. */
const MARK = /\?=|=\?/g;

function wordAt(raw: string, start: number): Word | undefined {
  OPENING.lastIndex = start;
  const [opening, label = "", encoding = ""] = OPENING.exec(raw) ?? [];
  if (opening === undefined) return undefined;
  const textAt = start + opening.length;
  const isBase64 = encoding.toLowerCase() === "b";
  const { at, next } = closingOf(raw, textAt, isBase64);
  const charset = label.split("*", 1)[0] ?? "";
  return { charset, encoding: isBase64 ? "b" : "q", text: raw.slice(textAt, at), end: next };
}

/** Where a word's text ends: at "?=", or where the next word begins, or, in want of both, with the bytes of its encoding. */
function closingOf(raw: string, from: number, isBase64: boolean): { at: number; next: number } {
  MARK.lastIndex = from;
  for (let mark = MARK.exec(raw); mark && mark.index < from + LONGEST_TEXT; mark = MARK.exec(raw)) {
    const at = mark.index;
    if (mark[0] === "=?" && opensWord(raw, at)) return { at, next: at };
    if (mark[0] === "?=" && (isBase64 || !isEscapeAfterQuestion(raw, at))) return { at, next: at + 2 };
    MARK.lastIndex = at + (mark[0] === "?=" ? 2 : 1);
  }
  const end = isBase64 ? endOfBase64(raw, from) : Math.min(raw.length, from + LONGEST_TEXT);
  return { at: end, next: end };
}

/** A question mark that should have been encoded, with an escape after it: `?=E2=82`, and the word's end still to come. */
function isEscapeAfterQuestion(raw: string, close: number): boolean {
  const rest = raw.slice(close + 2, close + 200);
  if (!/^[0-9A-F]{2}/.test(rest)) return false;
  const next = rest.indexOf("?=");
  return next !== -1 && !/\s|=\?/.test(rest.slice(0, next));
}

function opensWord(raw: string, at: number): boolean {
  OPENING.lastIndex = at;
  return OPENING.test(raw);
}

function endOfBase64(raw: string, from: number): number {
  let at = from;
  while (at < raw.length && /[A-Za-z0-9+/=]/.test(raw[at] ?? "")) at += 1;
  return at;
}

/** Text of words with only white space between them. */
function decodeRun(words: readonly Word[], hint: string | undefined): string {
  let text = "";
  let at = 0;
  while (at < words.length) {
    const first = words[at];
    if (!first) break;
    let stop = at + 1;
    while (stop < words.length && words[stop]?.charset.toLowerCase() === first.charset.toLowerCase()) stop += 1;
    text += decodeSame(words.slice(at, stop), first.charset, hint);
    at = stop;
  }
  return text;
}

/** Words of one charset. Base64 that was cut before it was encoded word by word makes no sense alone, but joined. */
function decodeSame(words: readonly Word[], charset: string, hint: string | undefined): string {
  const bytes = Buffer.concat(words.map((word) => (word.encoding === "b" ? base64Bytes(word.text) : quotedBytes(word.text))));
  const text = decodeText(bytes, charset, hint);
  const isCut = words.length > 1 && words.some(({ encoding, text: own }) => encoding === "b" && base64Length(own) % 4 !== 0 && !own.includes("="));
  if (!isCut) return text;
  const joined = decodeText(joinedBytes(words), charset, hint);
  return isBetter(joined, text) ? joined : text;
}

function joinedBytes(words: readonly Word[]): Buffer {
  const pieces: Buffer[] = [];
  let pending = "";
  for (const { encoding, text } of words) {
    if (encoding === "b") {
      pending += text;
      continue;
    }
    pieces.push(base64Bytes(pending), quotedBytes(text));
    pending = "";
  }
  return Buffer.concat([...pieces, base64Bytes(pending)]);
}

function isBetter(one: string, other: string): boolean {
  const faults = (text: string) => text.match(/[\ufffd\p{Cc}]/gu)?.length ?? 0;
  return faults(one) < faults(other);
}

function base64Length(text: string): number {
  return text.replace(/[^A-Za-z0-9+/]/g, "").length;
}

/** Padding may stand inside, where pieces were joined after encoding. */
function base64Bytes(text: string): Buffer {
  return Buffer.concat(text.split(/=+/).map((piece) => Buffer.from(piece, "base64")));
}

function quotedBytes(text: string): Buffer {
  const out = Buffer.alloc(text.length);
  let used = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // A soft line break, as only bodies have, that was folded.
    if (code === 61 && text[at + 1] === " ") {
      at += 1;
      continue;
    }
    const high = code === 61 ? hexValue(text.charCodeAt(at + 1)) : -1;
    const low = high >= 0 ? hexValue(text.charCodeAt(at + 2)) : -1;
    out[used++] = low >= 0 ? high * 16 + low : code === 95 ? 32 : code;
    if (low >= 0) at += 2;
  }
  return out.subarray(0, used);
}

function decodeBytes(raw: string, hint: string | undefined): string {
  return needsDecoding(raw) ? decodeText(Buffer.from(raw, "latin1"), undefined, hint) : raw;
}
