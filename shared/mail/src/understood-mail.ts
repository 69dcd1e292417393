/**
 * What is understood of a mail. Plain data: it crosses from the thread that parses to the one that decides.
 *
 * Texts are well-formed Unicode without NUL, whatever the bytes were. Nothing here is trusted: who a mail is really
 * from is decided elsewhere. Content of attachments is not copied out: a part says where in the raw message it stands,
 * so that a large mail is in memory once.
 */
export interface UnderstoodMail {
  kind: MailKind;
  /** What made it that kind: the header or part that decided. */
  kindBecause: string;
  /** With its angle brackets; absent when the mail has none that can be read. */
  messageId?: string | undefined;
  /** Message-IDs with their angle brackets, in the header's order, at most {@link MAX_REFERENCES} of each. */
  inReplyTo: string[];
  references: string[];
  /** When its sender says that it was sent. */
  date?: Date | undefined;
  /** Decoded, one line; "" when there is none. */
  subject: string;
  from: MailAddress[];
  sender?: MailAddress | undefined;
  replyTo: MailAddress[];
  to: MailAddress[];
  cc: MailAddress[];
  /** Addresses in Delivered-To, X-Original-To and Envelope-To, lower case. */
  deliveredTo: string[];
  /** Of the Return-Path header; "" for the null sender. */
  returnPath?: string | undefined;
  /** The whole text as a person reads it: of text parts, else from HTML. Line ends are "\n". */
  text: string;
  /** `text` without what it quotes and without the signature; equal to it when trimming would leave nothing. */
  visibleText: string;
  /** The same with the whole originals below it, which a mail that opens a conversation may be about; absent where it has none. */
  openingText?: string | undefined;
  /** Sanitised; no scripts, no remote loading, inline images as `cid:` links. Absent when there is no HTML part. */
  html?: string | undefined;
  attachments: MailPart[];
  /** Every header, decoded, in order; names in lower case; at most {@link MAX_HEADERS}. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Parsed delivery report (RFC 3464) or abuse report (RFC 5965), when it is one. */
  report?: MailReport | undefined;
  /** `pgp-signed`, `pgp-encrypted`, `smime-signed`, `smime-encrypted`: kept whole as attachments as well. */
  protection?: "pgp-signed" | "pgp-encrypted" | "smime-signed" | "smime-encrypted" | undefined;
  /** What is odd about the message, in words; for the trace. At most 20. */
  defects: string[];
}

/** `malformed`: no mail in any useful sense, such as empty, without headers, or binary. */
export type MailKind = "ticket" | "auto-reply" | "bounce" | "mailing-list" | "malformed";

/** `address` as written, without angle brackets; `name` decoded, "" when there is none. */
export interface MailAddress {
  name: string;
  address: string;
}

/** A part that is kept as a file. */
export interface MailPart {
  /** A file name without directories, never empty; made from the type where the mail gives none. */
  name: string;
  contentType: string;
  /** Of the decoded content, bytes; SHA-256 in lower-case hex. */
  size: number;
  sha256: string;
  /** Shown inside the text, such as an image of the HTML part. */
  isInline: boolean;
  /** Without angle brackets. */
  contentId?: string | undefined;
  content: PartContent;
}

/** Where a part's content is: in the raw message, still encoded; or here, where it was taken out of another part (TNEF, uuencode). */
export type PartContent =
  | { kind: "raw"; start: number; end: number; encoding: "identity" | "base64" | "quoted-printable" | "uuencode" }
  | { kind: "bytes"; bytes: Uint8Array };

export type MailReport =
  | {
      kind: "delivery";
      /** Message-ID of the mail that the report is about, with angle brackets, from its returned headers. */
      originalMessageId?: string | undefined;
      recipients: { address: string; action: string; status: string; diagnostic: string; isPermanent: boolean }[];
    }
  | {
      kind: "abuse";
      feedbackType: string;
      originalMessageId?: string | undefined;
      /** Whom the mail that is complained about went to, as far as the report says so. */
      recipients?: string[] | undefined;
    };

export const MAX_REFERENCES = 50;
export const MAX_HEADERS = 1000;
