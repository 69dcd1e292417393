import MailComposer from "nodemailer/lib/mail-composer";
import type { MailAddress } from "./address.ts";
import type { OutgoingMail } from "./mail-transport.ts";
import type { RenderedMail } from "./templates.ts";

/** Everything that a mail is made of. */
export interface MailParts {
  messageId: string;
  from: MailAddress;
  to: MailAddress;
  replyTo: MailAddress | undefined;
  /** Envelope sender; "" for the null sender. */
  bounceTo: string;
  date: Date;
  inReplyTo: string | undefined;
  references: string[];
  headers: Record<string, string>;
  content: RenderedMail;
  trace: OutgoingMail["trace"];
}

/** The finished mail: text and HTML as alternatives. Everything but the date follows from the parts, the boundary too. */
export async function composeMail({
  messageId,
  from,
  to,
  replyTo,
  bounceTo,
  date,
  inReplyTo,
  references,
  headers,
  content,
  trace,
}: MailParts): Promise<OutgoingMail> {
  const fileName = messageId.slice(1, messageId.indexOf("@")).replace(/[^A-Za-z0-9.-]/g, "-");
  const composer = new MailComposer({
    ...content,
    messageId,
    from,
    to,
    ...(replyTo && { replyTo }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    date,
    references,
    headers,
    baseBoundary: fileName,
    newline: "windows",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return { messageId, fileName, envelope: { from: bounceTo, to: to.address }, raw: await composer.compile().build(), trace };
}
