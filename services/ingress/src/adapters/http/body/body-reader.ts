/** Reads one kind of body in pieces. Throws the errors of errors.ts. */
export interface BodyReader {
  /** Takes the next piece. A promise is awaited before the next one. */
  push(piece: Buffer): void | Promise<void>;
  /** The body is complete. */
  end(): void | Promise<void>;
  /** The parameters so far, without the attachments. */
  params(): Record<string, unknown>;
}
