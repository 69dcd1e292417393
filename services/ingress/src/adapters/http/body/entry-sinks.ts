import { ByteCollector, type ByteSink } from "./byte-sink.ts";
import { decodeFieldText } from "./text.ts";

/** Longest text that may be one of the literals for "not given"; what is longer says something. */
const LONGEST_LITERAL_BYTES = 64;

/** Hands over the beginning of a value that should not be there: enough to tell a literal for "nothing" from content. */
export class ScalarEntrySink implements ByteSink {
  readonly #head = new ByteCollector();
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  write(bytes: Buffer): void {
    const missing = LONGEST_LITERAL_BYTES + 1 - this.#head.length;
    if (missing > 0) this.#head.append(bytes.subarray(0, missing));
  }

  end(): void {
    this.#onText(decodeFieldText(this.#head.take()));
  }
}

/** A file part. An input left empty, without a name and without a byte, never becomes an attachment. */
export class FileSink implements ByteSink {
  readonly #isNamed: boolean;
  readonly #open: () => ByteSink;
  #content: ByteSink | undefined;

  constructor(isNamed: boolean, open: () => ByteSink) {
    this.#isNamed = isNamed;
    this.#open = open;
    if (isNamed) this.#content = open();
  }

  write(bytes: Buffer): void {
    if (bytes.length > 0) this.#opened().write(bytes);
  }

  end(): void {
    if (this.#isNamed || this.#content !== undefined) this.#opened().end();
  }

  #opened(): ByteSink {
    this.#content ??= this.#open();
    return this.#content;
  }
}
