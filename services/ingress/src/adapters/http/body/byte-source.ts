import type { Readable } from "node:stream";
import { BodyAborted, BodyTooLarge } from "./errors.ts";
import type { Interrupt } from "./interrupt.ts";

/** Largest piece that is read at once: what one piece decodes to is the most that is held beyond the high-water mark. */
const PIECE_BYTES = 64 * 1024;

/**
 * A request body in pieces of at most {@link PIECE_BYTES}, read no faster than it is asked for.
 *
 * A stream's own async iterator was rejected: leaving it early destroys the socket, on which the refusal has yet to be
 * written, and it notices a client that went away only when it is asked for more.
 */
export class ByteSource {
  readonly #stream: Readable;
  readonly #maxBytes: number;
  readonly #interrupt: Interrupt;
  #waiting: Buffer[] = [];
  #piece: Buffer | undefined;
  #readBytes = 0;
  #hasEnded: boolean;
  #wake: (() => void) | undefined;

  constructor(stream: Readable, maxBytes: number, interrupt: Interrupt) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    this.#interrupt = interrupt;
    this.#hasEnded = stream.readableEnded;
    stream.on("error", this.#onError).on("close", this.#onClose).on("end", this.#onEnd).on("data", this.#onData);
    if (stream.destroyed) this.#onClose();
  }

  /** The next piece, or undefined at the end. Throws BodyTooLarge after the last piece that was within the limit. */
  async next(): Promise<Buffer | undefined> {
    this.#interrupt.check();
    while (this.#piece === undefined && this.#waiting.length === 0) {
      if (this.#hasEnded) return undefined;
      await this.#more();
    }
    return this.#cut(this.#piece ?? this.#waiting.shift() ?? Buffer.alloc(0));
  }

  /** Stops reading and leaves the stream paused and intact. Later errors of it are nobody's concern any more. */
  release(): void {
    this.#stream.off("close", this.#onClose).off("end", this.#onEnd).off("data", this.#onData);
    if (!this.#hasEnded) this.#stream.pause();
    this.#waiting = [];
    this.#piece = undefined;
  }

  #more(): Promise<void> {
    this.#stream.resume();
    return this.#interrupt.until(
      new Promise((resolve) => {
        this.#wake = resolve;
      }),
    );
  }

  #cut(chunk: Buffer): Buffer {
    const allowedBytes = this.#maxBytes - this.#readBytes;
    if (allowedBytes <= 0 && chunk.length > 0) throw new BodyTooLarge(this.#maxBytes);
    const length = Math.min(chunk.length, PIECE_BYTES, allowedBytes);
    this.#piece = length < chunk.length ? chunk.subarray(length) : undefined;
    this.#readBytes += length;
    return length < chunk.length ? chunk.subarray(0, length) : chunk;
  }

  readonly #onData = (chunk: Buffer | Uint8Array | string): void => {
    this.#waiting.push(toBuffer(chunk));
    this.#stream.pause();
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake?.();
  };

  readonly #onError = (cause: unknown): void => {
    if (!this.#hasEnded) this.#interrupt.raise(new BodyAborted({ cause }));
  };

  readonly #onClose = (): void => {
    if (!this.#hasEnded) this.#interrupt.raise(new BodyAborted());
  };
}

function toBuffer(chunk: Buffer | Uint8Array | string): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk);
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
