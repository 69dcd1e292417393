import type { Letter } from "./letter.ts";

/** One finished mail. Every transport hands on exactly these bytes. */
export interface OutgoingMail {
  /** With angle brackets; the same for every try of the same delivery. */
  messageId: string;
  /** Derived from the Message-ID: letters, digits, dots and hyphens. */
  fileName: string;
  /** `from` is "" for the null sender: nobody gets a bounce. */
  envelope: { from: string; to: string };
  /** The message as of RFC 5322, lines ended by CRLF; UTF-8 where it is no ASCII. */
  raw: string;
}

/** A way out for mails. */
export interface MailTransport {
  /** Short name for logs. */
  name: string;
  /** How many mails it takes side by side. */
  concurrency: number;
  /** Writes the mail. Resolves when it is in other hands; throws `MailRejected` when it never will be, else `MailDelayed` or a fault. */
  send(letter: Letter): Promise<void>;
  /** Gives connections back. No mail is in hand when it is called. */
  close(): Promise<void>;
}
