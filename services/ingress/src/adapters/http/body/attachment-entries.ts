import type { BlobChannel } from "./blob-channel.ts";
import { listPosition } from "./param-tree.ts";

/** One attachment as far as it has arrived. */
export interface AttachmentEntry {
  /** How a message names it: `attachments[0]`. */
  label: string;
  name?: string;
  contentType?: string;
  blob?: BlobChannel;
}

/** Attachments of one encoding, by the key that they came under. */
export class AttachmentEntries {
  readonly #entries = new Map<string, AttachmentEntry>();
  #nextPosition = 0;

  get(key: string): AttachmentEntry | undefined {
    return this.#entries.get(key);
  }

  /** Makes an entry; one that had the key is replaced. An empty key is the next free number, as in PHP. */
  put(key: string): AttachmentEntry {
    const position = key === "" ? this.#nextPosition : listPosition(key);
    if (position !== undefined) this.#nextPosition = Math.max(this.#nextPosition, position + 1);
    const knownKey = position === undefined ? key : String(position);
    const entry: AttachmentEntry = { label: `attachments[${knownKey.slice(0, 40)}]` };
    this.#entries.set(knownKey, entry);
    return entry;
  }

  /** By number where they have one, then the others as they arrived. */
  inOrder(): AttachmentEntry[] {
    const rank = (key: string) => listPosition(key) ?? Number.POSITIVE_INFINITY;
    const ranked = Array.from(this.#entries, ([key, entry]) => ({ rank: rank(key), entry }));
    // Two names without a number have no difference to speak of (Infinity - Infinity is NaN).
    return ranked.toSorted((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank)).map(({ entry }) => entry);
  }
}
