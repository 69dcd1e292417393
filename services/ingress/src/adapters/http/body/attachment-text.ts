import { isNotGiven } from "@openticket/contract";
import type { AttachmentIntake } from "./attachment-intake.ts";
import { Base64Sink } from "./base64-sink.ts";
import { ByteCollector, type ByteSink } from "./byte-sink.ts";
import { EntriesReader } from "./entries-reader.ts";
import { BrokenJson } from "./json-handler.ts";
import { JsonScanner } from "./json-scanner.ts";

/** Bytes that are looked at before it is decided what the value is. Longer than every literal for "not given". */
const HEAD_BYTES = 64;
/** A dictionary that a program printed (`{'1': 'x'}`) is read up to here, to recognise its end. */
const PRINTED_BYTES = 64 * 1024;

const NOT_JSON = "it is not base64 of JSON";
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * `attachments` as one text. Its beginning tells a literal for "not given" from base64 of JSON, and from JSON that its
 * sender forgot to encode; content then streams on to where its files go.
 */
export class AttachmentText implements ByteSink {
  readonly mayHoldBase64 = true;
  readonly #intake: AttachmentIntake;
  readonly #head = new ByteCollector();
  #headBytes = HEAD_BYTES;
  #content: ByteSink | undefined;

  constructor(intake: AttachmentIntake) {
    this.#intake = intake;
  }

  write(bytes: Buffer): void {
    if (this.#content !== undefined) {
      this.#content.write(bytes);
      return;
    }
    const rest = this.#fillHead(bytes);
    if (this.#head.length < this.#headBytes) return;
    this.#start(this.#head.take());
    if (rest.length > 0) this.write(rest);
  }

  end(): void {
    if (this.#content === undefined) {
      const head = this.#head.take();
      if (isNotGiven(head.toString("latin1"))) return;
      this.#content = this.#contentFor(head);
      this.#content.write(head);
    }
    this.#content.end();
  }

  /** Takes what the head still lacks, without blanks in front; the rest is left. */
  #fillHead(bytes: Buffer): Buffer {
    let start = 0;
    if (this.#head.length === 0) while (start < bytes.length && (bytes[start] ?? 0) <= 0x20) start++;
    const end = Math.min(bytes.length, start + this.#headBytes - this.#head.length);
    this.#head.append(bytes.subarray(start, end));
    return bytes.subarray(end);
  }

  #start(head: Buffer): void {
    if (this.#headBytes === HEAD_BYTES && head[0] === OPEN_BRACE && !isJsonObject(head)) {
      this.#headBytes = PRINTED_BYTES;
      this.#head.append(head);
      return;
    }
    this.#content = this.#contentFor(head);
    this.#content.write(head);
  }

  #contentFor(head: Buffer): ByteSink {
    const json = new JsonSink(this.#intake);
    const isBare = head[0] === OPEN_BRACKET || head[0] === OPEN_BRACE;
    return isBare ? json : new Base64Sink(json, () => this.#intake.refuse(NOT_JSON));
  }
}

function isJsonObject(head: Buffer): boolean {
  return /^\{\s*["}]/.test(head.toString("latin1"));
}

/** JSON that lists the attachments. */
class JsonSink implements ByteSink {
  readonly #intake: AttachmentIntake;
  readonly #scanner: JsonScanner;
  #isBroken = false;

  constructor(intake: AttachmentIntake) {
    this.#intake = intake;
    const { fieldBytes, nesting } = intake.limits;
    this.#scanner = new JsonScanner(new EntriesReader(intake, () => undefined), { textBytes: fieldBytes, depth: nesting + 1 });
  }

  write(bytes: Buffer): void {
    const before = this.#scanner.textBytes;
    this.#scan(() => this.#scanner.push(bytes));
    this.#intake.textBudget.note(this.#scanner.textBytes - before);
  }

  end(): void {
    this.#scan(() => this.#scanner.end());
  }

  #scan(step: () => void): void {
    if (this.#isBroken) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof BrokenJson)) throw error;
      this.#isBroken = true;
      this.#intake.refuse(NOT_JSON);
    }
  }
}
