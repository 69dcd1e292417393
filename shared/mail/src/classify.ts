import type { MailKind, MailReport } from "./understood-mail.ts";

/** What the kind of a mail is decided by. */
export interface ClassifyInput {
  /** Every header, decoded; names in lower case. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Top-level type in lower case without parameters. */
  contentType: string;
  /** Parameter `report-type` of the top-level type, lower case. */
  reportType?: string | undefined;
  /** Of the first From, without angle brackets; "" when there is none. */
  fromAddress: string;
  /** Of the Return-Path header or the envelope; "" for the null sender. */
  returnPath?: string | undefined;
  subject: string;
  /** The whole text, and whether there is anything beside it. */
  text: string;
  hasAttachments: boolean;
  report?: MailReport | undefined;
}

/** The kind of a mail, and the header or part that decided. Never throws. */
export function classify(_input: ClassifyInput): { kind: MailKind; because: string } {
  return { kind: "ticket", because: "nothing says otherwise" };
}
