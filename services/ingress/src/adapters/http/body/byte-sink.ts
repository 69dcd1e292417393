/**
 * Takes the bytes of one value as they arrive. `bytes` are valid during the call alone: who keeps them, copies them.
 * Synchronous throughout: back-pressure is applied between two pieces of the body (see blob-spool.ts).
 */
export interface ByteSink {
  write(bytes: Buffer): void;
  /** The value is complete. Not called when reading was given up. */
  end(): void;
  /** True where the value may be base64, in which a form's unescaped "+" is rather a plus sign than a blank. */
  readonly mayHoldBase64?: boolean;
}

/** Takes what nobody reads. */
export const DISCARD: ByteSink = { write() {}, end() {} };

/** Smallest buffer that is grown: below it, growing costs more than it saves. */
const SMALLEST_GROWTH_BYTES = 256;

/** Bytes of one value, copied together. One piece is copied exactly; many tiny pieces cost no more than their bytes. */
export class ByteCollector {
  #buffer: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (this.#buffer === undefined) this.#buffer = Buffer.allocUnsafe(bytes.length);
    if (needed > this.#buffer.length) this.#grow(needed);
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  /** What was collected so far; valid until the next call. */
  get bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  /** What was collected; the collector is empty afterwards. */
  take(): Buffer {
    const taken = this.bytes;
    this.#buffer = undefined;
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#length * 2, SMALLEST_GROWTH_BYTES));
    this.#buffer?.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
