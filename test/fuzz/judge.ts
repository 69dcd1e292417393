import { decodePart, MAX_HEADERS, MAX_REFERENCES, type UnderstoodMail, understandMail } from "@openticket/mail";

/** CPU that a mutant of at most 64 KiB may take, ms. It takes less than 1; this is what no noise of the machine makes. */
const CPU_LIMIT_MS = 1000;
const MOST_PARTS = 1000;

/** What is wrong with how a mail is understood; undefined when nothing is. */
export function judge(raw: Buffer): string | undefined {
  const before = process.cpuUsage();
  try {
    const mail = understandMail(raw);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > CPU_LIMIT_MS) return `it took ${(user + system) / 1000} ms of CPU`;
    return brokenText(mail, "mail") ?? brokenLimit(mail) ?? brokenFile(raw, mail);
  } catch (error) {
    return `it threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** Where a text is that is not well-formed or holds NUL. */
function brokenText(value: unknown, where: string): string | undefined {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0") ? undefined : `${where} is not well-formed`;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const broken = brokenText(inner, `${where}.${key}`);
    if (broken) return broken;
  }
  return undefined;
}

function brokenLimit(mail: UnderstoodMail): string | undefined {
  if (mail.headers.length > MAX_HEADERS) return `it has ${mail.headers.length} headers`;
  if (mail.references.length > MAX_REFERENCES || mail.inReplyTo.length > MAX_REFERENCES) return "it has too many references";
  if (mail.attachments.length > MOST_PARTS * 2) return `it has ${mail.attachments.length} attachments`;
  if (mail.defects.length > 20) return `it has ${mail.defects.length} defects`;
  if (/[\r\n]/.test(mail.subject) || mail.from.some(({ name, address }) => /[\r\n]/.test(name + address))) return "a header has a line end";
  if (mail.text.includes("\r")) return "the text has a carriage return";
  return mail.date && Number.isNaN(mail.date.getTime()) ? "its date is none" : undefined;
}

function brokenFile(raw: Buffer, { attachments }: UnderstoodMail): string | undefined {
  for (const { name, size, sha256, content } of attachments) {
    if (name === "" || /[/\\]/.test(name)) return `an attachment is named "${name}"`;
    if (!/^[0-9a-f]{64}$/.test(sha256)) return "an attachment has no hash";
    let decoded = 0;
    for (const chunk of decodePart(raw, content)) decoded += chunk.length;
    if (decoded !== size) return `${name} has ${decoded} bytes and not ${size}`;
  }
  return undefined;
}
