import { type Attachment, type AttachmentRef, attachmentContentType, extensionOf, type RequestError } from "@openticket/contract";
import type { PipelineDeps } from "./ports.ts";

/**
 * Moves inline attachments to the blob store and checks that referenced ones are there. Storing the same content
 * twice is one blob, so this is safe to repeat. Doors check limits too, while they still can refuse the bytes; here
 * they hold for every producer.
 */
export async function storeAttachments(
  attachments: readonly Attachment[],
  { blobs, rules }: Pick<PipelineDeps, "blobs" | "rules">,
): Promise<{ attachments: AttachmentRef[]; errors: RequestError[] }> {
  const refusal = overLimit(attachments, rules.attachments);
  if (refusal !== undefined) return { attachments: [], errors: [refused(refusal)] };
  const stored: AttachmentRef[] = [];
  const errors: RequestError[] = [];
  for (const attachment of attachments) {
    const reference = "sha256" in attachment ? attachment : await storeInline(attachment, blobs);
    const isMissing = "sha256" in attachment && (await blobs.has(reference.sha256))?.size !== reference.size;
    if (isMissing) errors.push(refused(`"${reference.name}" refers to content that is not in the blob store; upload it again`));
    stored.push(reference);
  }
  return { attachments: stored, errors };
}

async function storeInline(attachment: Extract<Attachment, { data: string }>, blobs: PipelineDeps["blobs"]): Promise<AttachmentRef> {
  const { name } = attachment;
  const contentType = attachmentContentType(name, attachment.contentType);
  const bytes = Buffer.from(attachment.data, "base64");
  const { sha256, size } = await blobs.put(once(bytes), { maxBytes: bytes.length });
  return { name, contentType, size, sha256 };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function overLimit(attachments: readonly Attachment[], limits: PipelineDeps["rules"]["attachments"]): string | undefined {
  if (attachments.length > limits.count) return `there are ${attachments.length} files, at most ${limits.count} are allowed`;
  const tooLarge = attachments.find((attachment) => sizeOf(attachment) > limits.bytes);
  if (tooLarge) return `"${tooLarge.name}" has ${sizeOf(tooLarge)} bytes, at most ${limits.bytes} are allowed`;
  const total = attachments.reduce((sum, attachment) => sum + sizeOf(attachment), 0);
  if (total > limits.totalBytes) return `the files have ${total} bytes together, at most ${limits.totalBytes} are allowed`;
  const { extensions } = limits;
  const wrongType = extensions === "any" ? undefined : attachments.find(({ name }) => !extensions.includes(extensionOf(name)));
  return wrongType && `files of the type of "${wrongType.name}" are not allowed; allowed are ${extensions}`;
}

function sizeOf(attachment: Attachment): number {
  return "sha256" in attachment ? attachment.size : Buffer.byteLength(attachment.data, "base64");
}

function refused(reason: string): RequestError {
  return { code: "attachments_refused", field: "attachments", message: `Attachments refused: ${reason}` };
}
