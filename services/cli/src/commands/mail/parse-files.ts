import { readFile } from "node:fs/promises";
import { type MailReading, makeMailReader, type UnderstoodMail } from "@openticket/mail";
import { messageOf } from "@openticket/runtime";
import type { CommandDeps } from "../../command.ts";
import { table } from "../../output.ts";

/** What is printed of a mail. `unreadable`: why nothing is understood of it. */
interface ParsedMail {
  file: string;
  kind: UnderstoodMail["kind"];
  subject: string;
  fromAddress: string;
  fromName: string;
  text: string;
  attachments: { name: string; size: number; sha256: string }[];
  messageId: string | null;
  inReplyTo: string | null;
  unreadable?: string;
}

/** `opentickets mail parse`. A file that cannot be read is said on standard error, the others are printed; exit code 1. */
export async function parseMails({ files }: { files: string[] }, { output }: CommandDeps): Promise<number> {
  const reader = makeMailReader({ threads: 1 });
  let code = 0;
  try {
    for (const file of files) {
      const raw = await readRaw(file, output);
      if (raw === undefined) code = 1;
      if (raw === undefined) continue;
      const parsed = toParsed(file, await reader.read(raw));
      output.each(parsed, () => shown(parsed));
    }
    return code;
  } finally {
    await reader.close();
  }
}

async function readRaw(file: string, output: CommandDeps["output"]): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    output.say(`${file} cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

function toParsed(file: string, reading: MailReading): ParsedMail {
  if (reading.kind === "unreadable") {
    const nothing = { subject: "", fromAddress: "", fromName: "", text: "", attachments: [], messageId: null, inReplyTo: null };
    return { file, kind: "malformed", ...nothing, unreadable: reading.reason };
  }
  const { mail } = reading;
  return {
    file,
    kind: mail.kind,
    subject: mail.subject,
    fromAddress: mail.from[0]?.address ?? "",
    fromName: mail.from[0]?.name ?? "",
    text: mail.text,
    attachments: mail.attachments.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    messageId: mail.messageId ?? null,
    inReplyTo: mail.inReplyTo[0] ?? null,
  };
}

function shown(mail: ParsedMail): string {
  if (mail.unreadable !== undefined) return `${mail.file}\n\nnot understood: ${mail.unreadable}\n`;
  const rows = [
    ["from", `${mail.fromName} <${mail.fromAddress}>`.trim()],
    ["subject", mail.subject],
    ["kind", mail.kind],
    ["message id", mail.messageId],
    ["in reply to", mail.inReplyTo],
    ...mail.attachments.map(({ name, size }) => ["attachment", `${name} (${size} bytes)`]),
  ];
  return `${mail.file}\n\n${table(["", ""], rows)}\n\n${mail.text}\n`;
}
