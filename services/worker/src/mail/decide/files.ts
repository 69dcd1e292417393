import type { Decision } from "@openticket/contract";
import { extensionOf } from "@openticket/contract";
import type { MailPart } from "@openticket/mail";
import type { TicketRules } from "../../pipeline/ports.ts";

/**
 * The files of a mail that are kept within the limits. What is too many, too large or of a type that is not allowed is
 * left out and noted: the mail is worth more than its files, and the raw message still holds them.
 */
export function keepFiles(parts: readonly MailPart[], limits: TicketRules["attachments"]): { files: MailPart[]; decisions: Decision[] } {
  const files: MailPart[] = [];
  const decisions: Decision[] = [];
  let total = 0;
  for (const part of parts) {
    const reason = whyLeftOut(part, { total, count: files.length }, limits);
    if (reason === undefined) {
      files.push(part);
      total += part.size;
    } else if (decisions.length < MAX_NOTES) decisions.push({ rule: "file", answer: "left out", because: `"${part.name}": ${reason}` });
  }
  const left = parts.length - files.length;
  if (left > MAX_NOTES) decisions.push({ rule: "file", answer: "left out", because: `${left} files in all` });
  return { files, decisions };
}

/** A mail of 10,000 parts does not fill the trace. */
const MAX_NOTES = 10;

function whyLeftOut({ name, size }: MailPart, { total, count }: { total: number; count: number }, limits: TicketRules["attachments"]): string | undefined {
  if (count >= limits.count) return `at most ${limits.count} files are kept`;
  if (size > limits.bytes) return `it has ${size} bytes, at most ${limits.bytes} are kept`;
  if (total + size > limits.totalBytes) return `all files together may have ${limits.totalBytes} bytes`;
  const isAllowed = limits.extensions === "any" || limits.extensions.includes(extensionOf(name));
  return isAllowed ? undefined : "files of its type are not kept";
}
