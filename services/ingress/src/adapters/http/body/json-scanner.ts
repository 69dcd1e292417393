import { ByteCollector } from "./byte-sink.ts";
import { BodyTooLarge } from "./errors.ts";
import { BrokenJson, type JsonHandler, type JsonLimits, type JsonScalar } from "./json-handler.ts";
import { StringUnescaper } from "./json-string.ts";
import { decodeFieldText, growthOf } from "./text.ts";

/** What may come next. */
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY = 2;
const KEY_OR_CLOSE = 3;
const COLON = 4;
const COMMA_OR_CLOSE = 5;
const NOTHING = 6;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON_SIGN = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads one JSON document in pieces, strictly as JSON.parse does, except that strings which go to sinks may hold raw
 * control characters. Numbers, literals and collected strings are handed to JSON.parse one by one, so that there is no
 * second opinion on what they mean. A byte order mark in front is skipped.
 */
export class JsonScanner {
  readonly #handler: JsonHandler;
  readonly #limits: JsonLimits;
  readonly #closers: number[] = [];
  readonly #collector = new ByteCollector();
  #expected = VALUE;
  #inside: "structure" | "string" | "sink" | "token" = "structure";
  #isKey = false;
  #isEscaped = false;
  #sink: StringUnescaper | undefined;
  #textBytes = 0;
  #offset = 0;
  #skippedMarkBytes = 0;

  constructor(handler: JsonHandler, limits: JsonLimits) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Bytes outside strings that go to sinks, so far. */
  get textBytes(): number {
    return this.#textBytes;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      this.#offset += next - at;
      at = next;
    }
  }

  /** The document is complete, or this throws BrokenJson. */
  end(): void {
    if (this.#inside === "token") this.#endToken();
    if (this.#inside !== "structure" || this.#expected !== NOTHING) throw new BrokenJson("it ends too early");
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#inside) {
      case "structure":
        return this.#structure(bytes[at] ?? 0, at);
      case "token":
        return this.#token(bytes, at);
      case "string":
        return this.#string(bytes, at);
      case "sink":
        return this.#intoSink(bytes, at);
    }
  }

  #structure(byte: number, at: number): number {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || this.#isMark(byte)) return at + 1;
    this.#spend(1);
    if (byte === QUOTE) return this.#beginString(at + 1);
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#open(byte);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#close(byte);
    else if (byte === COMMA) this.#comma();
    else if (byte === COLON_SIGN) this.#colon();
    else return this.#beginToken(at);
    return at + 1;
  }

  #open(byte: number): void {
    this.#expectValue();
    if (this.#closers.length === this.#limits.depth) throw new BrokenJson(`it nests deeper than ${this.#limits.depth} levels`);
    this.#closers.push(byte === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT);
    this.#handler.open(byte === OPEN_LIST ? "list" : "object");
    this.#expected = byte === OPEN_LIST ? VALUE_OR_CLOSE : KEY_OR_CLOSE;
  }

  #close(byte: number): void {
    const mayClose = this.#expected === COMMA_OR_CLOSE || this.#expected === VALUE_OR_CLOSE || this.#expected === KEY_OR_CLOSE;
    if (!mayClose || this.#closers.pop() !== byte) this.#fail();
    this.#handler.close();
    this.#valueEnded();
  }

  #comma(): void {
    if (this.#expected !== COMMA_OR_CLOSE) this.#fail();
    this.#expected = this.#closers.at(-1) === CLOSE_LIST ? VALUE : KEY;
  }

  #colon(): void {
    if (this.#expected !== COLON) this.#fail();
    this.#expected = VALUE;
  }

  #beginString(at: number): number {
    this.#isKey = this.#expected === KEY || this.#expected === KEY_OR_CLOSE;
    if (!this.#isKey) this.#expectValue();
    const sink = this.#isKey ? undefined : this.#handler.text();
    this.#sink = sink && new StringUnescaper(sink);
    this.#inside = sink === undefined ? "string" : "sink";
    return at;
  }

  #string(bytes: Buffer, at: number): number {
    let end = at;
    if (this.#isEscaped) end++;
    this.#isEscaped = false;
    while (end < bytes.length && bytes[end] !== QUOTE) {
      if (bytes[end] === BACKSLASH) end++;
      end++;
    }
    this.#isEscaped = end > bytes.length;
    const isComplete = end < bytes.length;
    const part = bytes.subarray(at, end);
    this.#spend(part.length);
    this.#collector.append(part);
    if (isComplete) this.#endString();
    return isComplete ? end + 1 : bytes.length;
  }

  #endString(): void {
    const bytes = this.#collector.take();
    const written = decodeFieldText(bytes);
    this.#spend(growthOf(bytes, written));
    const text = this.#parseString(written);
    this.#inside = "structure";
    if (this.#isKey) {
      this.#expected = COLON;
      this.#handler.key(text);
      return;
    }
    this.#handler.scalar(text);
    this.#valueEnded();
  }

  #intoSink(bytes: Buffer, at: number): number {
    const sink = this.#sink;
    const end = sink === undefined ? -1 : sink.write(bytes, at);
    if (end === -1) this.#fail();
    if (!sink?.hasEnded) return end;
    this.#inside = "structure";
    this.#sink = undefined;
    this.#valueEnded();
    return end;
  }

  #beginToken(at: number): number {
    this.#expectValue();
    this.#inside = "token";
    return at;
  }

  #token(bytes: Buffer, at: number): number {
    let end = at;
    while (end < bytes.length && TOKEN_BYTES[bytes[end] ?? 0] === 1) end++;
    if (end === at && this.#collector.length === 0) this.#fail();
    this.#spend(end - at);
    this.#collector.append(bytes.subarray(at, end));
    if (end < bytes.length) this.#endToken();
    return end;
  }

  #endToken(): void {
    this.#inside = "structure";
    this.#handler.scalar(this.#parse(this.#collector.take().toString("latin1")));
    this.#valueEnded();
  }

  #parseString(text: string): string {
    const isPlain = !NEEDS_PARSING.test(text);
    return isPlain ? text : String(this.#parse(`"${text}"`));
  }

  #parse(text: string): JsonScalar {
    try {
      return JSON.parse(text);
    } catch {
      // Not passed on as a cause: its message quotes the document.
      return this.#fail();
    }
  }

  #expectValue(): void {
    if (this.#expected !== VALUE && this.#expected !== VALUE_OR_CLOSE) this.#fail();
  }

  #valueEnded(): void {
    this.#expected = this.#closers.length === 0 ? NOTHING : COMMA_OR_CLOSE;
  }

  #isMark(byte: number): boolean {
    if (this.#offset !== this.#skippedMarkBytes || byte !== BYTE_ORDER_MARK[this.#offset]) return false;
    this.#skippedMarkBytes++;
    return true;
  }

  #spend(bytes: number): void {
    this.#textBytes += bytes;
    if (this.#textBytes > this.#limits.textBytes) throw new BodyTooLarge(this.#limits.textBytes, "what is no attachment in it");
  }

  #fail(): never {
    throw new BrokenJson(`unexpected content near byte ${this.#offset}`);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON forbids inside a string
const NEEDS_PARSING = /[\\\u0000-\u001f]/;

/** Bytes that numbers and literals consist of. */
const TOKEN_BYTES = new Uint8Array(256);
for (const sign of "0123456789+-.eEtrufalsn") TOKEN_BYTES[sign.charCodeAt(0)] = 1;
