import { Dicer } from "@fastify/busboy";
import type { AttachmentIntake } from "./attachment-intake.ts";
import type { BodyReader } from "./body-reader.ts";
import { type ByteSink, DISCARD } from "./byte-sink.ts";
import { parseDisposition } from "./disposition.ts";
import { MalformedBody } from "./errors.ts";
import { checkNameBytes } from "./field-name.ts";
import { FormFields } from "./form-fields.ts";

/** Header lines of one part: real ones have up to four. */
const MAX_HEADER_LINES = 32;

/** One part, as the parser's stream of it reports. Its bytes wait until the parts before it have ended. */
interface Part {
  sink: ByteSink;
  isFile: boolean;
  hasEnded: boolean;
}

/**
 * Reads `multipart/form-data` with the parser inside busboy.
 *
 * Problem: busboy itself collects text fields in memory, drops `filename*` after `filename`, and does not tell a part's
 * own content type from the default.
 * Choice: its parser, which hands out parts with their raw headers; every part streams.
 * Invariant: when `push` resolves, every part has been told of all its bytes, so that nothing depends on how the body
 * was cut; an error in a part is noted, because thrown inside a stream's event it would end the process.
 */
export class MultipartReader implements BodyReader {
  readonly #fields: FormFields;
  readonly #parser: Dicer;
  readonly #parts: Part[] = [];
  #failure: { error: unknown } | undefined;
  #isFinished = false;
  /** The parser has told of everything. Of the piece that holds the last boundary it may tell this alone, and never ask for more. */
  readonly #finished: Promise<void>;
  readonly #maxParts: number;
  #partCount = 0;

  constructor(intake: AttachmentIntake, contentType: string) {
    this.#fields = new FormFields(intake);
    this.#maxParts = intake.limits.fields + intake.limits.attachments;
    this.#parser = makeParser(contentType);
    this.#parser.on("part", (part) => this.#guard(() => this.#onPart(part)));
    this.#finished = new Promise((resolve) => {
      this.#parser.on("finish", () => {
        this.#isFinished = true;
        setImmediate(resolve);
      });
    });
    this.#parser.on("error", (cause: unknown) => this.#fail(new MalformedBody("the multipart body is broken or incomplete", { cause })));
  }

  params(): Record<string, unknown> {
    return this.#fields.toParams();
  }

  /** What follows the closing boundary means nothing. */
  async push(piece: Buffer): Promise<void> {
    if (!this.#isFinished && this.#parser.writable) {
      await Promise.race([new Promise<void>((resolve) => this.#parser.write(piece, () => setImmediate(resolve))), this.#finished]);
    }
    this.#check();
  }

  async end(): Promise<void> {
    if (!this.#isFinished) await new Promise<void>((resolve) => this.#parser.end(() => setImmediate(resolve)));
    this.#check();
    if (this.#parts.length > 0) throw new MalformedBody("the multipart body is incomplete");
  }

  #onPart(stream: Dicer.PartStream): void {
    if (++this.#partCount > this.#maxParts) throw new MalformedBody(`the body has more than ${this.#maxParts} parts`);
    const part: Part = { sink: DISCARD, isFile: false, hasEnded: false };
    this.#parts.push(part);
    stream.on("header", (headers) =>
      this.#guard(() => {
        this.#openPart(part, headers);
      }),
    );
    stream.on("data", (bytes) => this.#guard(() => this.#isWanted(part) && part.sink.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, "latin1"))));
    stream.on("error", () => {});
    stream.on("end", () =>
      this.#guard(() => {
        part.hasEnded = true;
        this.#endParts();
      }),
    );
  }

  /** Parts end in the order in which they came, whatever order their streams report it in. */
  #endParts(): void {
    for (let part = this.#parts[0]; part?.hasEnded; part = this.#parts[0]) {
      this.#parts.shift();
      if (this.#isWanted(part)) part.sink.end();
    }
  }

  #openPart(part: Part, headers: object): void {
    const disposition = parseDisposition(firstValue(headers, "content-disposition") ?? "");
    if (disposition === undefined) return;
    const { name, filename } = disposition;
    checkNameBytes(Buffer.byteLength(name));
    part.isFile = filename !== undefined;
    if (!this.#isWanted(part)) return;
    const contentType = firstValue(headers, "content-type");
    part.sink =
      filename === undefined
        ? this.#fields.sinkFor(name)
        : this.#fields.fileSinkFor(name, { name: filename, ...(contentType !== undefined && { contentType }) });
  }

  /** Once something has failed, files are not told of more bytes nor of an end that was none; text is still taken. */
  #isWanted({ isFile }: Part): boolean {
    return !isFile || this.#failure === undefined;
  }

  /** Text that came before what failed is still taken: the answer's format may stand there. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function makeParser(contentType: string): Dicer {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? "";
  if (boundary === "") throw new MalformedBody("the multipart body comes without a boundary in its content type");
  // RFC 2046 allows 70 characters; the parser takes up to about 250.
  if (boundary.length > 200) throw new MalformedBody("the boundary of the multipart body is too long");
  return new Dicer({ boundary, maxHeaderPairs: MAX_HEADER_LINES });
}

function firstValue(headers: object, name: string): string | undefined {
  const values: unknown = Object.entries(headers).find(([key]) => key === name)?.[1];
  const first: unknown = Array.isArray(values) ? values[0] : undefined;
  return typeof first === "string" ? first : undefined;
}
