import type { ByteSink } from "./byte-sink.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Hands on a character that no ASCII content has, for an escape that stands for one. */
const BEYOND_ASCII = 0x80;

/** The characters that one-letter escapes stand for. */
const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ '"': 0x22, "\\": 0x5c, "/": 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 })) ESCAPES[letter.charCodeAt(0)] = byte;

/**
 * The inside of a JSON string as bytes, in pieces. Made for base64: an escape for a character beyond ASCII is handed on
 * as one byte beyond ASCII, which no base64 holds.
 */
export class StringUnescaper {
  hasEnded = false;
  readonly #sink: ByteSink;
  #out = Buffer.alloc(0);
  /** 0: outside an escape; 1: after the backslash; 2 to 5: before that digit of \uXXXX, less two. */
  #escape = 0;
  #code = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Takes bytes from `at` up to and including the closing quote. Answers where it stopped, or -1 at a wrong escape. */
  write(bytes: Buffer, at: number): number {
    if (this.#out.length < bytes.length - at) this.#out = Buffer.allocUnsafe(bytes.length - at);
    const out = this.#out;
    let written = 0;
    let next = at;
    for (; next < bytes.length; next++) {
      const byte = bytes[next] ?? 0;
      if (this.#escape === 0) {
        if (byte === QUOTE) break;
        if (byte === BACKSLASH) this.#escape = 1;
        else out[written++] = byte;
        continue;
      }
      const unescaped = this.#inEscape(byte);
      if (unescaped === -1) return -1;
      if (this.#escape === 0) out[written++] = unescaped;
    }
    if (written > 0) this.#sink.write(out.subarray(0, written));
    if (next === bytes.length) return next;
    this.hasEnded = true;
    this.#sink.end();
    return next + 1;
  }

  /** The byte that the escape stands for once it is complete (its state is 0 then), or -1 when it is none. */
  #inEscape(byte: number): number {
    if (this.#escape === 1) {
      this.#code = 0;
      this.#escape = byte === LETTER_U ? 2 : 0;
      return byte === LETTER_U ? 0 : ESCAPES[byte] || -1;
    }
    const digit = Number.parseInt(String.fromCharCode(byte), 16);
    if (Number.isNaN(digit)) return -1;
    this.#code = this.#code * 16 + digit;
    this.#escape = this.#escape === 5 ? 0 : this.#escape + 1;
    return Math.min(this.#code, BEYOND_ASCII);
  }
}
