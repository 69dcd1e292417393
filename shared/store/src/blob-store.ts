import type { Readable } from "node:stream";

/** Content by its SHA-256: the same content is stored once, however often it is put. */
export interface BlobStore {
  /**
   * Stores content while it arrives. Throws {@link BlobTooLarge} past `maxBytes`; when the source fails, its error.
   * Either way nothing is left behind.
   */
  put(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<StoredBlob>;
  /** Takes content in as `put` does, and shows it to nobody before it is published. */
  stage(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<StagedBlob>;
  has(sha256: string): Promise<{ size: number } | undefined>;
  /** Throws {@link BlobNotFound}. */
  open(sha256: string): Promise<Readable>;
}

/** `size` in bytes, `sha256` in lower-case hex. */
export interface StoredBlob {
  sha256: string;
  size: number;
}

/**
 * Content that is nobody's yet. It is published or discarded, once; a crash before leaves it to the sweep. What others have
 * put or staged of the same content is their own: discarding takes nothing of it.
 */
export interface StagedBlob extends StoredBlob {
  /** Makes it what `put` would have: safe once this ends. When it throws, nothing is left behind where that can be known. */
  publish(): Promise<void>;
  /** Takes it away. Never throws: what cannot be removed now is swept later. */
  discard(): Promise<void>;
}

export class BlobTooLarge extends Error {
  override name = "BlobTooLarge";
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`the content is larger than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

export class BlobNotFound extends Error {
  override name = "BlobNotFound";

  constructor(sha256: string) {
    super(`there is no content ${sha256}`);
  }
}
