export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const DASH = 45;
export const COLON = 58;

/** A Buffer over the same memory, shared or not. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Index of the "\n" that ends the line at `from`, or `end`. */
export function lineEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== LF) at += 1;
  return at;
}

/** Where the content of the line [from, to) ends: without its carriage returns. */
export function contentEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && bytes[at - 1] === CR) at -= 1;
  return at;
}

/** Bytes, one a character, that say more than ASCII: eight-bit ones, or an escape of ISO 2022. */
export function needsDecoding(raw: string): boolean {
  return raw.includes("\x1b") || /[\x80-\xff]/.test(raw);
}

/** Text with "\n" at its line ends, which may be "\r\n", "\r" or "\r\r\n". In linear steps: one expression for all would not be. */
export function withLineFeeds(text: string): string {
  return text.includes("\r") ? text.replaceAll("\r\r\n", "\n").replaceAll("\r\n", "\n").replaceAll("\r", "\n") : text;
}

/** Text without lone surrogates and NUL: what stores, JSON and people can take. */
export function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll("\0", "");
}
