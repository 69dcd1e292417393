import { LIMITS } from "../limits.ts";

/**
 * Reads PHP's serialized arrays of plain values, without ever building an object.
 *
 * Problem: callers send custom fields as `serialize()` of an array. A full reader of that format can be made to build
 * objects of the attacker's choice, and many callers get the byte lengths of strings wrong (they count characters).
 * Choice: a reader of null, bool, int, float, string and array alone; where a string's length does not lead to its
 * closing quote, every later quote that could close it is tried, and the result counts only when exactly one way of
 * reading makes sense of the whole. Rejected: the npm reader (builds objects, trusts lengths).
 * Invariant: work is bounded by {@link MAX_STEPS}; nothing is executed or constructed but arrays, strings and numbers.
 */

export type PhpValue = string | number | boolean | null | { [key: string]: PhpValue };

export type PhpArray = { kind: "array"; value: { [key: string]: PhpValue } } | { kind: "refused"; reason: string };

/** Values and tried string ends of one document. Real ones hold a few dozen. */
const MAX_STEPS = 20_000;
/** Bytes of one document. */
const MAX_BYTES = 4 * 1024 * 1024;

class Refused extends Error {}

/** The array in `bytes`, or why it was not read. */
export function readPhpArray(bytes: Buffer): PhpArray {
  if (bytes.length > MAX_BYTES) return { kind: "refused", reason: `it is longer than ${MAX_BYTES} bytes` };
  try {
    return theOnlyReading(bytes);
  } catch (error) {
    if (error instanceof Refused) return { kind: "refused", reason: error.message };
    throw error;
  }
}

function theOnlyReading(bytes: Buffer): PhpArray {
  const readings: PhpValue[] = [];
  for (const [value, end] of new Reader(bytes).valuesAt(0, 0)) {
    if (bytes.toString("latin1", end).trim() === "") readings.push(value);
    if (readings.length > 1) return { kind: "refused", reason: "the length of a string is wrong, and its end is ambiguous" };
  }
  const [only] = readings;
  if (typeof only !== "object" || only === null) return { kind: "refused", reason: "it is not a serialized PHP array" };
  return { kind: "array", value: only };
}

type Read<T> = Generator<[value: T, end: number]>;

class Reader {
  #steps = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Every way to read one value that starts at `at`. */
  *valuesAt(at: number, depth: number): Read<PhpValue> {
    if (++this.#steps > MAX_STEPS) throw new Refused("it is too complicated");
    switch (this.#bytes[at]) {
      case CODE.N:
        if (this.#bytes[at + 1] === CODE.semicolon) yield [null, at + 2];
        return;
      case CODE.b:
        return yield* this.#scalar(at, /^[01]$/, (text) => text === "1");
      case CODE.i:
        return yield* this.#scalar(at, /^[+-]?\d{1,20}$/, Number);
      case CODE.d:
        return yield* this.#scalar(at, /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|-?INF|NAN)$/i, toFiniteNumber);
      case CODE.s:
        return yield* this.#string(at);
      case CODE.a:
        return yield* this.#array(at, depth);
      case CODE.O:
      case CODE.C:
      case CODE.E:
      case CODE.r:
      case CODE.R:
        throw new Refused("it holds an object or a reference, which are never read; send plain values");
    }
  }

  *#scalar<T extends PhpValue>(at: number, pattern: RegExp, convert: (text: string) => T): Read<T> {
    const end = this.#bytes.indexOf(CODE.semicolon, at + 2);
    if (this.#bytes[at + 1] !== CODE.colon || end === -1 || end - at > 64) return;
    const text = this.#bytes.toString("latin1", at + 2, end);
    if (pattern.test(text)) yield [convert(text), end + 1];
  }

  *#string(at: number): Read<string> {
    const header = this.#count(at, CODE.quote);
    if (header === undefined) return;
    const { count, start } = header;
    if (this.#closesAt(start + count)) return yield [decodeUtf8(this.#bytes.subarray(start, start + count)), start + count + 2];
    for (let end = this.#nextClose(start); end !== -1; end = this.#nextClose(end + 1)) {
      if (++this.#steps > MAX_STEPS) throw new Refused("it is too complicated");
      yield [decodeUtf8(this.#bytes.subarray(start, end)), end + 2];
    }
  }

  *#array(at: number, depth: number): Read<{ [key: string]: PhpValue }> {
    if (depth >= LIMITS.customFieldDepth) throw new Refused(`it nests deeper than ${LIMITS.customFieldDepth} levels`);
    const header = this.#count(at, CODE.open);
    if (header === undefined) return;
    if (header.count > LIMITS.customFields) throw new Refused(`it holds more than ${LIMITS.customFields} values`);
    for (const [entries, end] of this.#entries(header.start, header.count, depth + 1)) {
      if (this.#bytes[end] === CODE.close) yield [Object.fromEntries(entries), end + 1];
    }
  }

  *#entries(at: number, remaining: number, depth: number): Read<[string, PhpValue][]> {
    if (remaining === 0) return yield [[], at];
    const keyKind = this.#bytes[at];
    if (keyKind !== CODE.i && keyKind !== CODE.s) return;
    for (const [key, afterKey] of this.valuesAt(at, depth)) {
      for (const [value, afterValue] of this.valuesAt(afterKey, depth)) {
        for (const [rest, end] of this.#entries(afterValue, remaining - 1, depth)) yield [[[String(key), value], ...rest], end];
      }
    }
  }

  /** `s:12:"` and `a:3:{`: the number, and where the content starts. */
  #count(at: number, opening: number): { count: number; start: number } | undefined {
    const colon = this.#bytes.indexOf(CODE.colon, at + 2);
    if (this.#bytes[at + 1] !== CODE.colon || colon === -1 || colon - at > 16 || this.#bytes[colon + 1] !== opening) return undefined;
    const text = this.#bytes.toString("latin1", at + 2, colon);
    return /^\d+$/.test(text) ? { count: Number(text), start: colon + 2 } : undefined;
  }

  #closesAt(at: number): boolean {
    return this.#bytes[at] === CODE.quote && this.#bytes[at + 1] === CODE.semicolon;
  }

  #nextClose(from: number): number {
    return this.#bytes.indexOf('";', from, "latin1");
  }
}

const CODE = {
  N: 0x4e,
  b: 0x62,
  i: 0x69,
  d: 0x64,
  s: 0x73,
  a: 0x61,
  O: 0x4f,
  C: 0x43,
  E: 0x45,
  r: 0x72,
  R: 0x52,
  colon: 0x3a,
  semicolon: 0x3b,
  quote: 0x22,
  open: 0x7b,
  close: 0x7d,
} as const;

function toFiniteNumber(text: string): number | null {
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString("latin1");
  }
}
