import { createHash } from "node:crypto";
import { understandMail } from "@openticket/mail";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

/** What is compared of a mail. Absent is "". */
export interface Reading {
  subject: string;
  fromAddress: string;
  fromName: string;
  text: string;
  attachments: string[];
  messageId: string;
}

/** Three parsers under one shape. A parser that throws says so in every field. */
export const READERS: Record<string, (raw: Buffer) => Promise<Reading>> = {
  ours: async (raw) => {
    const mail = understandMail(raw);
    return {
      subject: mail.subject,
      fromAddress: mail.from[0]?.address ?? "",
      fromName: mail.from[0]?.name ?? "",
      text: mail.text,
      attachments: mail.attachments.map(({ name, size, sha256 }) => described(name, size, sha256)),
      messageId: mail.messageId ?? "",
    };
  },
  mailparser: async (raw) => {
    const mail = await simpleParser(raw, { skipTextToHtml: true, skipImageLinks: true });
    const from = mail.from?.value[0];
    return {
      subject: mail.subject ?? "",
      fromAddress: from?.address ?? "",
      fromName: from?.name ?? "",
      text: mail.text ?? "",
      attachments: mail.attachments.map(({ filename, content }) => described(filename, content.length, hashOf(content))),
      messageId: mail.messageId ?? "",
    };
  },
  "postal-mime": async (raw) => {
    const mail = await PostalMime.parse(raw);
    const from = mail.from && "address" in mail.from ? mail.from : undefined;
    return {
      subject: mail.subject ?? "",
      fromAddress: from?.address ?? "",
      fromName: from?.name ?? "",
      text: mail.text ?? "",
      attachments: mail.attachments.map(({ filename, content }) => {
        const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content as ArrayBuffer);
        return described(filename, bytes.length, hashOf(bytes));
      }),
      messageId: mail.messageId ?? "",
    };
  },
};

function described(name: string | null | undefined, size: number, sha256: string): string {
  return `${name ?? "(no name)"} ${size} ${sha256.slice(0, 8)}`;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
