import { isAscii, isUtf8 } from "node:buffer";
import { ByteCollector, type ByteSink } from "./byte-sink.ts";
import { BodyTooLarge } from "./errors.ts";
import type { FieldPath } from "./field-name.ts";

/** What a byte of text takes at most: a buffer that has grown to twice its content, and the one that it grew from. */
const COST_OF_TEXT = 3;
/** What a key takes at most beside its letters, as bytes of text: a map of its own takes 230 bytes, and its copy for who judges so far 180. */
export const KEY_BYTES = 120;

/**
 * Text of a field. UTF-8, which nearly all callers send, some of them cut within its last character, of which nothing is
 * kept then; other bytes that are no UTF-8 come from the few that still send the encoding of Western Windows, so that field
 * alone is read as windows-1252. It never fails.
 */
export function decodeFieldText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const whole = bytes.subarray(0, bytes.length - cutBytesAtEnd(bytes));
  // Characters of several bytes show that it is UTF-8: a lone byte at the end may be a letter of Windows as well.
  return isUtf8(whole) && !isAscii(whole) ? whole.toString("utf8") : decodeWindows1252(bytes);
}

/** Bytes at the end that begin a character of UTF-8 and do not complete it, as PHP's `substr` leaves them. */
function cutBytesAtEnd(bytes: Buffer): number {
  const end = bytes.subarray(-3);
  const first = end.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  const [lead, count] = [end[first] ?? 0, end.length - first];
  const isCut = (lead >= 0xc2 && count < 2) || (lead >= 0xe0 && count < 3) || (lead >= 0xf0 && count < 4);
  return isCut && lead <= 0xf4 ? count : 0;
}

/** Bytes that the text takes beyond those that it came in: what is no UTF-8 becomes up to three times as large. */
export function growthOf(bytes: Buffer, text: string): number {
  return Math.max(0, Buffer.byteLength(text) - bytes.length);
}

/** Where windows-1252 differs from latin1: 0x80 to 0x9f. */
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** By hand: Node 20's TextDecoder of that name decodes latin1. */
function decodeWindows1252(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[\u0080-\u009f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character);
}

/** The text that one body's fields may hold together: many fields must not add up to what one may not hold. */
export class TextBudget {
  readonly #maxBytes: number;
  #spentBytes = 0;
  #noted = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Memory that all that was spent or noted may take, bytes. */
  get heldBytes(): number {
    return (this.#spentBytes + this.#noted) * COST_OF_TEXT;
  }

  /** Counts text that is limited elsewhere, such as what a JSON document counts itself. */
  note(bytes: number): void {
    this.#noted += bytes;
  }

  /** Counts the name of a field, which is limited elsewhere. */
  noteName({ root, keys }: FieldPath): void {
    this.note(keys.reduce((sum, key) => sum + KEY_BYTES + key.length, KEY_BYTES + root.length));
  }

  /** Throws BodyTooLarge beyond the limit. */
  spend(bytes: number): void {
    this.#spentBytes += bytes;
    if (this.#spentBytes > this.#maxBytes) throw new BodyTooLarge(this.#maxBytes, "the text of its fields");
  }
}

/** Collects one field's text and hands it over when it is complete. Throws BodyTooLarge beyond the budget. */
export class TextSink implements ByteSink {
  readonly #collector = new ByteCollector();
  readonly #budget: TextBudget;
  readonly #onText: (text: string) => void;

  constructor(budget: TextBudget, onText: (text: string) => void) {
    this.#budget = budget;
    this.#onText = onText;
  }

  write(bytes: Buffer): void {
    this.#budget.spend(bytes.length);
    this.#collector.append(bytes);
  }

  end(): void {
    const bytes = this.#collector.take();
    const text = decodeFieldText(bytes);
    this.#budget.spend(growthOf(bytes, text));
    this.#onText(text);
  }
}
