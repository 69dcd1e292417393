import { ByteCollector, type ByteSink } from "./byte-sink.ts";

const PERCENT = 0x25;
const PLUS = 0x2b;
const BLANK = 0x20;

/** Takes the raw bytes of one form value, and hands on what they mean. */
export interface FormDecoder {
  write(raw: Buffer): void;
  end(): void;
}

/** The decoder for a value that goes to `sink`. */
export function makeFormDecoder(sink: ByteSink): FormDecoder {
  return sink.mayHoldBase64 === true ? new DoubtfulPlusDecoder(sink) : new PercentDecoder(sink, BLANK);
}

/** One complete raw value, decoded. Escapes that are none are taken literally, as PHP does. */
export function decodeFormBytes(raw: Buffer): Buffer {
  if (!needsDecoding(raw, BLANK)) return raw;
  const out = Buffer.allocUnsafe(raw.length);
  return out.subarray(0, decodeInto(out, raw, raw.length, BLANK));
}

/** Decodes `%41` and `+` in pieces; an escape may be cut anywhere. */
class PercentDecoder implements FormDecoder {
  readonly #sink: ByteSink;
  readonly #plusMeans: number;
  #cutEscape: Buffer | undefined;
  #out = Buffer.alloc(0);

  constructor(sink: ByteSink, plusMeans: number) {
    this.#sink = sink;
    this.#plusMeans = plusMeans;
  }

  write(piece: Buffer): void {
    const raw = this.#cutEscape === undefined ? piece : Buffer.concat([this.#cutEscape, piece]);
    const end = raw.length - cutEscapeLength(raw);
    this.#cutEscape = end < raw.length ? Buffer.from(raw.subarray(end)) : undefined;
    this.#decode(raw, end);
  }

  end(): void {
    if (this.#cutEscape !== undefined) this.#sink.write(this.#cutEscape);
    this.#sink.end();
  }

  #decode(raw: Buffer, end: number): void {
    const complete = end === raw.length ? raw : raw.subarray(0, end);
    if (!needsDecoding(complete, this.#plusMeans)) {
      this.#sink.write(complete);
      return;
    }
    if (this.#out.length < end) this.#out = Buffer.allocUnsafe(end);
    this.#sink.write(this.#out.subarray(0, decodeInto(this.#out, complete, end, this.#plusMeans)));
  }
}

/** Raw bytes after which it is decided what "+" means. Base64 of real content decides within the first hundred. */
const DOUBT_BYTES = 64 * 1024;

/**
 * Decodes a form value that may be base64.
 *
 * Problem: a plus sign that its sender forgot to escape reads as a blank, and blanks in base64 are to be skipped: the
 * file would be damaged without a word. But base64 that is broken by blanks has raw "+" in a form as well.
 * Choice: look at how the rest of the value was written. An escape, or the url-safe alphabet, shows a sender that
 * escapes, so that "+" is a blank; a raw "/" or "=" shows one that does not. Where neither shows up, a line of base64
 * is broken between groups of four characters, so that a first "+" elsewhere is a plus sign.
 * Invariant: the decision depends on the first {@link DOUBT_BYTES} of the value alone, not on how they are cut.
 */
class DoubtfulPlusDecoder implements FormDecoder {
  readonly #sink: ByteSink;
  readonly #held = new ByteCollector();
  #firstPlusAt = -1;
  #decoder: PercentDecoder | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  write(raw: Buffer): void {
    if (this.#decoder !== undefined) {
      this.#decoder.write(raw);
      return;
    }
    const plusMeans = this.#look(raw);
    this.#held.append(raw);
    if (plusMeans !== undefined) this.#decide(plusMeans);
  }

  end(): void {
    const decoder = this.#decoder ?? this.#decide(this.#byPosition());
    decoder.end();
  }

  #look(raw: Buffer): number | undefined {
    const offset = this.#held.length;
    const end = Math.min(raw.length, DOUBT_BYTES - offset);
    for (let at = 0; at < end; at++) {
      const meaning = EVIDENCE[raw[at] ?? 0] ?? 0;
      if (meaning === DOUBT) {
        if (this.#firstPlusAt === -1) this.#firstPlusAt = offset + at;
      } else if (meaning !== 0) {
        return meaning;
      }
    }
    return offset + raw.length < DOUBT_BYTES ? undefined : this.#byPosition();
  }

  /** No "+" for so long means that the value is not broken by blanks: a later one is a plus sign. */
  #byPosition(): number {
    return this.#firstPlusAt !== -1 && this.#firstPlusAt % 4 === 0 ? BLANK : PLUS;
  }

  #decide(plusMeans: number): PercentDecoder {
    const decoder = new PercentDecoder(this.#sink, plusMeans);
    this.#decoder = decoder;
    decoder.write(this.#held.take());
    return decoder;
  }
}

/** What a raw byte says about the meaning of "+": nothing (0), its meaning, or that there is a "+" to be in doubt of. */
const DOUBT = 1;
const EVIDENCE = new Uint8Array(256);
for (const sign of "%-_") EVIDENCE[sign.charCodeAt(0)] = BLANK;
for (const sign of "/=") EVIDENCE[sign.charCodeAt(0)] = PLUS;
EVIDENCE[PLUS] = DOUBT;

const HEX_VALUES = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  HEX_VALUES[value.toString(16).charCodeAt(0)] = value;
  HEX_VALUES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

function needsDecoding(raw: Buffer, plusMeans: number): boolean {
  return raw.includes(PERCENT) || (plusMeans !== PLUS && raw.includes(PLUS));
}

/** Bytes at the end that may be the beginning of an escape. */
function cutEscapeLength(raw: Buffer): number {
  if (raw[raw.length - 1] === PERCENT) return 1;
  return raw[raw.length - 2] === PERCENT && hexValue(raw[raw.length - 1]) >= 0 ? 2 : 0;
}

function hexValue(byte: number | undefined): number {
  return byte === undefined ? -1 : (HEX_VALUES[byte] ?? -1);
}

function decodeInto(out: Buffer, raw: Buffer, end: number, plusMeans: number): number {
  let written = 0;
  for (let at = 0; at < end; at++) {
    const byte = raw[at] ?? 0;
    if (byte === PERCENT) {
      const high = hexValue(raw[at + 1]);
      const low = high < 0 ? -1 : hexValue(raw[at + 2]);
      if (low >= 0) {
        out[written++] = (high << 4) | low;
        at += 2;
        continue;
      }
    }
    out[written++] = byte === PLUS ? plusMeans : byte;
  }
  return written;
}
