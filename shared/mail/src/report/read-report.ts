import type { MailReport } from "../understood-mail.ts";

/** What a report is read from. */
export interface ReportInput {
  /** Every header, decoded; names in lower case. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Top-level type in lower case without parameters, such as `multipart/report`. */
  contentType: string;
  /** Parameter `report-type` of the top-level type, lower case. */
  reportType?: string | undefined;
  /** Leaf parts in order, types in lower case without parameters; for `message/rfc822` the raw text of the message, decoded as far as can be. */
  parts: readonly { contentType: string; text: string }[];
}

/** The delivery or abuse report that a mail is; undefined when it is none. Never throws. */
export function readReport(_input: ReportInput): MailReport | undefined {
  return undefined;
}
