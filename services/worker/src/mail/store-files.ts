import { setImmediate as nextTurn } from "node:timers/promises";
import { type AttachmentRef, attachmentContentType, attachmentName } from "@openticket/contract";
import { decodePart, type MailPart } from "@openticket/mail";
import type { BlobStore } from "../pipeline/ports.ts";

/** Decoded bytes after which others get their turn. */
const TURN_BYTES = 1024 * 1024;

/**
 * Decodes the files out of the raw message, one after the other and piece by piece, into the blob store. Content that is
 * there already is not written again, so this is safe to repeat.
 */
export async function storeFiles(raw: Uint8Array, files: readonly MailPart[], blobs: Pick<BlobStore, "put">): Promise<AttachmentRef[]> {
  const stored: AttachmentRef[] = [];
  for (const { name, contentType, size, content } of files) {
    const blob = await blobs.put(inTurns(decodePart(raw, content)), { maxBytes: Math.max(size, 1) });
    const fileName = attachmentName(name) ?? "file";
    stored.push({ name: fileName, contentType: attachmentContentType(fileName, contentType), ...blob });
  }
  return stored;
}

async function* inTurns(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sinceTurn = 0;
  for (const piece of pieces) {
    yield piece;
    sinceTurn += piece.length;
    if (sinceTurn < TURN_BYTES) continue;
    sinceTurn = 0;
    await nextTurn();
  }
}
