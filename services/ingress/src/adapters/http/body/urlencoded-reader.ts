import type { AttachmentIntake } from "./attachment-intake.ts";
import type { BodyReader } from "./body-reader.ts";
import { ByteCollector } from "./byte-sink.ts";
import { checkNameBytes } from "./field-name.ts";
import { decodeFormBytes, type FormDecoder, makeFormDecoder } from "./form-decoding.ts";
import { FormFields } from "./form-fields.ts";
import { decodeFieldText } from "./text.ts";

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** Reads `application/x-www-form-urlencoded`: PHP's rules for names, duplicates and broken escapes. */
export class UrlencodedReader implements BodyReader {
  readonly #fields: FormFields;
  readonly #name = new ByteCollector();
  /** Of the value that is being read; undefined while a name is. */
  #decoder: FormDecoder | undefined;

  constructor(intake: AttachmentIntake) {
    this.#fields = new FormFields(intake);
  }

  params(): Record<string, unknown> {
    return this.#fields.toParams();
  }

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) at = this.#decoder === undefined ? this.#readName(piece, at) : this.#readValue(piece, at, this.#decoder);
  }

  end(): void {
    if (this.#decoder !== undefined) {
      this.#decoder.end();
      return;
    }
    this.#takeNameAlone();
  }

  /** Reads up to the end of a name, or of a whole field where it lies within the piece. Answers where it stopped. */
  #readName(piece: Buffer, at: number): number {
    let end = at;
    while (end < piece.length && piece[end] !== EQUALS && piece[end] !== AMPERSAND) end++;
    checkNameBytes(this.#name.length + end - at);
    this.#name.append(piece.subarray(at, end));
    if (end === piece.length) return end;
    if (piece[end] === EQUALS) return this.#beginValue(piece, end + 1);
    this.#takeNameAlone();
    return end + 1;
  }

  #beginValue(piece: Buffer, at: number): number {
    const name = this.#takeName();
    const end = piece.indexOf(AMPERSAND, at);
    const path = end === -1 ? undefined : this.#fields.plainPath(name);
    if (path === undefined) {
      this.#decoder = makeFormDecoder(this.#fields.sinkFor(name));
      return at;
    }
    this.#fields.setBytes(path, decodeFormBytes(piece.subarray(at, end)));
    return end + 1;
  }

  #readValue(piece: Buffer, at: number, decoder: FormDecoder): number {
    const end = piece.indexOf(AMPERSAND, at);
    decoder.write(at === 0 && end === -1 ? piece : piece.subarray(at, end === -1 ? piece.length : end));
    if (end === -1) return piece.length;
    decoder.end();
    this.#decoder = undefined;
    return end + 1;
  }

  /** `a&b=1`: a field without "=" is empty. */
  #takeNameAlone(): void {
    if (this.#name.length > 0) this.#fields.sinkFor(this.#takeName()).end();
  }

  #takeName(): string {
    return decodeFieldText(decodeFormBytes(this.#name.take()));
  }
}
