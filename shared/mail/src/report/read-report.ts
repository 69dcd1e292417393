import type { MailReport } from "../understood-mail.ts";
import { readDeliveryStatus } from "./delivery-status.ts";
import { messageIdIn, readFields } from "./fields.ts";
import { readOldBounce } from "./old-bounce.ts";

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

/** A report is small; the original in it need not be. */
const MAX_PART_CHARS = 200_000;
const STATUS = new Set(["message/delivery-status", "message/global-delivery-status"]);
const RETURNED = new Set(["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "text/rfc822", "message/global", "message/global-headers"]);

/** The delivery report (RFC 3464, or a form before it) or abuse report (RFC 5965) that a mail is; undefined when it is none. Never throws. */
export function readReport(input: ReportInput): MailReport | undefined {
  const parts = input.parts.map(({ contentType, text }) => ({ contentType, text: text.slice(0, MAX_PART_CHARS).replace(/\r\n?/g, "\n") }));
  const textOf = (wanted: (type: string) => boolean) => parts.find(({ contentType }) => wanted(contentType))?.text;
  const returned = returnedId(textOf((type) => RETURNED.has(type)));
  const abuse = textOf((type) => type === "message/feedback-report");
  if (abuse !== undefined) return abuseReport(abuse, returned ?? textOf((type) => RETURNED.has(type)));
  // Some programs give the words for people this type too.
  const statuses = parts.filter(({ contentType }) => STATUS.has(contentType)).map(({ text }) => text);
  const status = statuses.length === 0 ? undefined : statuses.join("\n\n");
  const recipients = status === undefined ? [] : readDeliveryStatus(status);
  if (status !== undefined && (recipients.length > 0 || input.reportType === "delivery-status")) {
    return { kind: "delivery", originalMessageId: returned ?? originalIdInStatus(status) ?? answered(input), recipients };
  }
  const text = textOf((type) => type === "text/plain") ?? textOf((type) => type.startsWith("text/")) ?? "";
  return readOldBounce({ headers: readHeaders(input), text, originalMessageId: returned });
}

/** First value of each header. */
function readHeaders({ headers }: ReportInput): ReadonlyMap<string, string> {
  return new Map([...headers].reverse());
}

function returnedId(returned: string | undefined): string | undefined {
  if (returned === undefined) return undefined;
  return messageIdIn(readFields(returned.replace(/^\n+/, "").split("\n\n", 1)[0] ?? "").get("message-id"));
}

function originalIdInStatus(status: string): string | undefined {
  const fields = readFields(status);
  return messageIdIn(fields.get("original-message-id") ?? fields.get("x-original-message-id"));
}

/** Exchange returns no headers, but answers the mail that failed. */
function answered(input: ReportInput): string | undefined {
  const headers = readHeaders(input);
  return messageIdIn(headers.get("in-reply-to"));
}

/** `original`: the Message-ID of the mail, or its headers in which there is none. */
function abuseReport(text: string, original: string | undefined): MailReport {
  const fields = readFields(text);
  const feedbackType = /^[\w-]{1,40}/.exec(fields.get("feedback-type")?.toLowerCase() ?? "")?.[0] ?? "unknown";
  const recipient = /[^\s<>;,]+@[^\s<>;,]+/.exec(fields.get("original-rcpt-to") ?? "")?.[0];
  const report: MailReport = { kind: "abuse", feedbackType, originalMessageId: messageIdIn(original) };
  return recipient === undefined ? report : { ...report, recipients: [recipient] };
}
