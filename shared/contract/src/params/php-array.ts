import { LIMITS } from "../limits.ts";

/**
 * Reads PHP's serialized arrays of plain values, without ever building an object.
 *
 * Problem: callers send custom fields as `serialize()` of an array. A full reader of that format can be made to build
 * objects of the attacker's choice, and many callers get the byte lengths of strings wrong (they count characters).
 * Choice: a reader of null, bool, int, float, string and array alone; where a string's length does not lead to its
 * closing quote, every later quote that could close it is tried, and the result counts only when exactly one way of
 * reading makes sense of the whole. Rejected: the npm reader (builds objects, trusts lengths).
 * Invariant: work is bounded by {@link MAX_STEPS}, as ways of reading are told apart by where values end alone, and only
 * the one that counts is built; nothing is executed or constructed but arrays, strings and numbers.
 */

export type PhpValue = string | number | boolean | null | { [key: string]: PhpValue };

export type PhpArray = { kind: "array"; value: { [key: string]: PhpValue } } | { kind: "refused"; reason: string };

/** Values, tried string ends, and what was searched for these, of one document. Real ones take a few dozen. */
const MAX_STEPS = 20_000;
/** Bytes that are searched in the time of a step. */
const BYTES_OF_STEP = 8 * 1024;
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
  const readings: (() => PhpValue)[] = [];
  const wholeLength = bytes.toString("latin1").trimEnd().length;
  for (const [value, end] of new Reader(bytes).valuesAt(0, 0)) {
    if (end >= wholeLength) readings.push(value);
    if (readings.length > 1) return { kind: "refused", reason: "the length of a string is wrong, and its end is ambiguous" };
  }
  const only = readings[0]?.();
  if (typeof only !== "object" || only === null) return { kind: "refused", reason: "it is not a serialized PHP array" };
  return { kind: "array", value: only };
}

type Read<T> = Generator<[value: () => T, end: number]>;
/** An entry behind others: ways of reading share what they begin with. */
interface Entry {
  before: Entry | undefined;
  key: () => PhpValue;
  value: () => PhpValue;
}

class Reader {
  #steps = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Every way to read one value that starts at `at`. */
  *valuesAt(at: number, depth: number): Read<PhpValue> {
    this.#spend(1);
    switch (this.#bytes[at]) {
      case CODE.N:
        if (this.#bytes[at + 1] === CODE.semicolon) yield [() => null, at + 2];
        return;
      case CODE.b:
        return yield* this.#scalar(at, /^[01]$/, (text) => text === "1");
      case CODE.i:
        return yield* this.#scalar(at, /^[+-]?\d{1,20}$/, toInteger);
      case CODE.d:
        return yield* this.#scalar(at, /^([+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|-?INF|NAN)$/i, toFiniteNumber);
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
    const text = this.#textUpTo(";", at + 2, 62);
    if (this.#bytes[at + 1] === CODE.colon && text !== undefined && pattern.test(text)) yield [() => convert(text), at + 2 + text.length + 1];
  }

  *#string(at: number): Read<string> {
    const header = this.#count(at, CODE.quote);
    if (header === undefined) return;
    const { count, start } = header;
    const upTo = (end: number): [() => string, number] => [() => decodeUtf8(this.#bytes.subarray(start, end)), end + 2];
    if (this.#closesAt(start + count)) return yield upTo(start + count);
    for (let end = this.#nextClose(start); end !== -1; end = this.#nextClose(end + 1)) {
      this.#spend(1);
      yield upTo(end);
    }
  }

  *#array(at: number, depth: number): Read<{ [key: string]: PhpValue }> {
    if (depth >= LIMITS.customFieldDepth) throw new Refused(`it nests deeper than ${LIMITS.customFieldDepth} levels`);
    const header = this.#count(at, CODE.open);
    if (header === undefined) return;
    if (header.count > LIMITS.customFields) throw new Refused(`it holds more than ${LIMITS.customFields} values`);
    for (const [last, end] of this.#entries(header.start, header.count, depth + 1)) {
      if (this.#bytes[end] === CODE.close) yield [() => toRecord(last), end + 1];
    }
  }

  /** Every way to read so many entries, by the last of them. A list of generators, as one inside the other they would fill the stack. */
  *#entries(at: number, count: number, depth: number): Generator<[last: Entry | undefined, end: number]> {
    if (count === 0) return yield [undefined, at];
    const ways = [this.#entryAt(at, undefined, depth)];
    for (let way = ways.at(-1); way !== undefined; way = ways.at(-1)) {
      const next = way.next();
      if (next.done) ways.pop();
      else if (ways.length === count) yield next.value;
      else ways.push(this.#entryAt(next.value[1], next.value[0], depth));
    }
  }

  *#entryAt(at: number, before: Entry | undefined, depth: number): Generator<[entry: Entry, end: number]> {
    const keyKind = this.#bytes[at];
    if (keyKind !== CODE.i && keyKind !== CODE.s) return;
    for (const [key, afterKey] of this.valuesAt(at, depth)) {
      for (const [value, afterValue] of this.valuesAt(afterKey, depth)) yield [{ before, key, value }, afterValue];
    }
  }

  /** `s:12:"` and `a:3:{`: the number, and where the content starts. */
  #count(at: number, opening: number): { count: number; start: number } | undefined {
    const text = this.#textUpTo(":", at + 2, 14);
    if (this.#bytes[at + 1] !== CODE.colon || text === undefined || !/^\d+$/.test(text)) return undefined;
    const start = at + 2 + text.length + 2;
    return this.#bytes[start - 1] === opening ? { count: Number(text), start } : undefined;
  }

  /** The text of at most so many bytes that a sign ends. */
  #textUpTo(sign: string, at: number, mostBytes: number): string | undefined {
    const text = this.#bytes.toString("latin1", at, at + mostBytes + 1);
    const end = text.indexOf(sign);
    return end === -1 ? undefined : text.slice(0, end);
  }

  #closesAt(at: number): boolean {
    return this.#bytes[at] === CODE.quote && this.#bytes[at + 1] === CODE.semicolon;
  }

  #nextClose(from: number): number {
    const end = this.#bytes.indexOf('";', from, "latin1");
    this.#spend(Math.floor(((end === -1 ? this.#bytes.length : end) - from) / BYTES_OF_STEP));
    return end;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new Refused("it is too complicated");
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

function toRecord(last: Entry | undefined): { [key: string]: PhpValue } {
  const entries: [string, PhpValue][] = [];
  for (let entry = last; entry !== undefined; entry = entry.before) entries.push([String(entry.key()), entry.value()]);
  return Object.fromEntries(entries.reverse());
}

/** PHP's integers have 64 bits: one that no number holds keeps its digits, as text. */
function toInteger(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

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
