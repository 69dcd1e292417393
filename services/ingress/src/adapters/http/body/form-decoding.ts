import { areLines } from "@openticket/contract";
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
 * escapes, so that "+" is a blank; a raw "/" or "=" shows one that does not. The escape of a line break shows nothing, but
 * that a "+" behind it indents. Where none shows up, "+" is a plus sign unless without them the length is one of base64, or
 * they stand as the ends of lines do.
 * Invariant: the decision depends on the first {@link DOUBT_BYTES} of the value alone, not on how they are cut.
 */
class DoubtfulPlusDecoder implements FormDecoder {
  readonly #sink: ByteSink;
  readonly #held = new ByteCollector();
  #lookedAt = 0;
  #decoder: PercentDecoder | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  write(raw: Buffer): void {
    if (this.#decoder !== undefined) {
      this.#decoder.write(raw);
      return;
    }
    this.#held.append(raw);
    const plusMeans = this.#look(this.#held.bytes);
    if (plusMeans !== undefined) this.#decide(plusMeans);
  }

  end(): void {
    const decoder = this.#decoder ?? this.#decide(meaningByShape(this.#held.bytes, { isWhole: true }));
    decoder.end();
  }

  #look(held: Buffer): number | undefined {
    const end = Math.min(held.length, DOUBT_BYTES);
    for (; this.#lookedAt < end; this.#lookedAt++) {
      const isCutEscape = held[this.#lookedAt] === PERCENT && this.#lookedAt + 1 === end;
      if (isCutEscape) break;
      const meaning = evidenceAt(held, this.#lookedAt);
      if (meaning !== NONE) return meaning;
    }
    return held.length < DOUBT_BYTES ? undefined : meaningByShape(held.subarray(0, DOUBT_BYTES), { isWhole: false });
  }

  #decide(plusMeans: number): PercentDecoder {
    const decoder = new PercentDecoder(this.#sink, plusMeans);
    this.#decoder = decoder;
    decoder.write(this.#held.take());
    return decoder;
  }
}

/** What a raw byte says about the meaning of "+"; most say nothing. */
const NONE = 0;
const EVIDENCE = new Uint8Array(256);
for (const sign of "%-_") EVIDENCE[sign.charCodeAt(0)] = BLANK;
for (const sign of "/=") EVIDENCE[sign.charCodeAt(0)] = PLUS;

/** Of the escapes that base64 holds, those of line breaks begin with a zero. */
const ZERO = 0x30;

function evidenceAt(raw: Buffer, at: number): number {
  const isOfLineBreak = raw[at] === PERCENT && raw[at + 1] === ZERO;
  return isOfLineBreak ? NONE : (EVIDENCE[raw[at] ?? 0] ?? NONE);
}

/** Whoever breaks lines by escapes does not break them by blanks as well, but may indent them. */
function meaningByShape(raw: Buffer, { isWhole }: { isWhole: boolean }): number {
  const text = raw.toString("latin1");
  if (text.includes("%")) return /%0[0-9A-F]\+/i.test(text) ? BLANK : PLUS;
  const parts = text.split("+");
  const isWholeGroups = (length: number) => isWhole && length % 4 === 0;
  const [withPlus, withoutBlanks] = [isWholeGroups(raw.length), isWholeGroups(raw.length - parts.length + 1)];
  if (withPlus !== withoutBlanks) return withPlus ? PLUS : BLANK;
  const isGrouped = (parts[0]?.length ?? 0) % 4 === 0;
  return isGrouped && areLines(parts) ? BLANK : PLUS;
}

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
