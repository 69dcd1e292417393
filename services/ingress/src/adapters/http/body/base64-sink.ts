import type { ByteSink } from "./byte-sink.ts";

/**
 * Base64 to bytes, as it arrives.
 *
 * Problem: content of tens of megabytes passes here once or twice, and has to be checked as well as decoded: Buffer's
 * own decoder skips what is no base64, which would store a damaged file without a word.
 * Choice: a table look-up per character, four at a time while nothing odd shows up; line breaks, blanks and the ends
 * take the slow path. It is as lenient as the contract's reader of whole values: url-safe alphabet, missing padding.
 * Rejected: checking with a regular expression and decoding with Buffer, which needs a string of every piece.
 * Invariant: the same bytes in any pieces give the same content, or the same finding.
 */
export class Base64Sink implements ByteSink {
  readonly mayHoldBase64 = true;
  readonly #target: ByteSink;
  readonly #onInvalid: () => void;
  #out = Buffer.alloc(0);
  /** Characters of the group of four that is not complete, as one number, and how many they are. */
  #bits = 0;
  #held = 0;
  #paddings = 0;
  #isInvalid = false;

  constructor(target: ByteSink, onInvalid: () => void) {
    this.#target = target;
    this.#onInvalid = onInvalid;
  }

  write(bytes: Buffer): void {
    if (this.#isInvalid) return;
    const wantedBytes = Math.ceil(bytes.length / 4) * 3 + 3;
    if (this.#out.length < wantedBytes) this.#out = Buffer.allocUnsafe(wantedBytes);
    const writtenBytes = this.#decode(bytes, this.#out);
    if (writtenBytes > 0) this.#target.write(this.#out.subarray(0, writtenBytes));
    if (this.#isInvalid) this.#onInvalid();
  }

  end(): void {
    if (this.#isInvalid) return;
    const isComplete = this.#held !== 1 && (this.#paddings === 0 || this.#held + this.#paddings === 4);
    if (!isComplete) {
      this.#isInvalid = true;
      this.#onInvalid();
      return;
    }
    const rest = this.#bits << (6 * (4 - this.#held));
    if (this.#held > 1) this.#target.write(Buffer.from([rest >> 16, rest >> 8, rest]).subarray(0, this.#held - 1));
    this.#target.end();
  }

  /** Decodes into `out` and answers how many bytes that made. */
  #decode(bytes: Buffer, out: Buffer): number {
    const lastQuad = bytes.length - 4;
    let written = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#held === 0 && this.#paddings === 0) {
        while (at <= lastQuad) {
          const a = VALUES[bytes[at] ?? 0] ?? OTHER;
          const b = VALUES[bytes[at + 1] ?? 0] ?? OTHER;
          const c = VALUES[bytes[at + 2] ?? 0] ?? OTHER;
          const d = VALUES[bytes[at + 3] ?? 0] ?? OTHER;
          if ((a | b | c | d) >= BLANK) break;
          out[written] = (a << 2) | (b >> 4);
          out[written + 1] = (b << 4) | (c >> 2);
          out[written + 2] = (c << 6) | d;
          written += 3;
          at += 4;
        }
        if (at >= bytes.length) break;
      }
      written = this.#decodeOne(VALUES[bytes[at] ?? 0] ?? OTHER, out, written);
      if (this.#isInvalid) break;
      at++;
    }
    return written;
  }

  #decodeOne(value: number, out: Buffer, written: number): number {
    if (value === BLANK) return written;
    if (value === PADDING) this.#paddings++;
    this.#isInvalid = value === OTHER || this.#paddings > 2 || (value < BLANK && this.#paddings > 0);
    if (value >= BLANK || this.#isInvalid) return written;
    this.#bits = (this.#bits << 6) | value;
    if (++this.#held < 4) return written;
    out[written] = this.#bits >> 16;
    out[written + 1] = this.#bits >> 8;
    out[written + 2] = this.#bits;
    this.#bits = 0;
    this.#held = 0;
    return written + 3;
  }
}

/** What a byte is: below BLANK its six bits; blanks carry nothing. */
const BLANK = 64;
const PADDING = 65;
const OTHER = 66;

const VALUES = makeValues();

function makeValues(): Uint8Array {
  const values = new Uint8Array(256).fill(OTHER);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  values["-".charCodeAt(0)] = 62;
  values["_".charCodeAt(0)] = 63;
  values["=".charCodeAt(0)] = PADDING;
  for (const blank of " \t\r\n") values[blank.charCodeAt(0)] = BLANK;
  return values;
}
