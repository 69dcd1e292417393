import { ABSENCE, WRITTEN_BY_PROGRAM } from "./absence-subjects.ts";
import { isBinary } from "./binary-text.ts";
import { bounceSign } from "./report/bounce-signs.ts";
import type { MailKind, MailReport } from "./understood-mail.ts";

/**
 * What kind a mail is. An answer given to a machine may come back for ever, and a person's mail taken for a machine's
 * is never answered: so each kind asks for evidence that machines give and people's programs do not.
 *
 * In this order; the first that applies decides:
 * 1. `malformed`: no header of a mail, nothing in it, or binary data in place of text.
 * 2. `bounce`: a report about a mail that was sent (RFC 3464, RFC 5965), or one of the older forms, known by its sender
 *    together with its words. Before the others, because reports also say `Auto-Submitted` and have no return path.
 * 3. `auto-reply`, said outright: `Auto-Submitted: auto-replied` (RFC 3834) and the headers of responders before it.
 *    Before lists: an answer that went to a list is still an answer.
 * 4. `mailing-list`: the List headers (RFC 2369, RFC 2919) and those of list programs before them. A person's mail that
 *    went through a list, a newsletter and a project's notification alike.
 * 5. `auto-reply`, machine-made: any other `Auto-Submitted` but `no` (Exchange's absence notes say `auto-generated`),
 *    receipts, no return path, or an absence note's subject together with a second sign.
 * 6. `mailing-list`: `Precedence: bulk` or `junk` and nothing more.
 * 7. `ticket`.
 *
 * No evidence, though other help desks take them for it: `X-Auto-Response-Suppress`, which Exchange puts on people's
 * mails too and which asks the receiver for silence; `Feedback-ID`, which each mail of large senders has; `X-Loop` with
 * an address, which forwarding leaves behind; a subject alone; `noreply` in an address, where contact forms write from.
 */

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
export function classify(input: ClassifyInput): { kind: MailKind; because: string } {
  const mail: Mail = { ...input, header: firstOf(input.headers) };
  for (const [kind, rule] of RULES) {
    const because = rule(mail);
    if (because !== undefined) return { kind, because: because.slice(0, MAX_REASON_CHARS) };
  }
  return { kind: "ticket", because: "no sign of a machine" };
}

type Mail = ClassifyInput & { header(name: string): string | undefined };
/** Why it applies; undefined when it does not. */
type Rule = (mail: Mail) => string | undefined;

const MAX_REASON_CHARS = 200;

const RULES: readonly (readonly [MailKind, Rule])[] = [
  ["malformed", notAMail],
  ["bounce", reportOfMail],
  ["bounce", bounceSign],
  ["auto-reply", saidReply],
  ["mailing-list", listHeader],
  ["auto-reply", saidAutomatic],
  ["auto-reply", receipt],
  ["auto-reply", looksLikeAbsence],
  ["auto-reply", nullSender],
  ["mailing-list", bulk],
];

function firstOf(headers: ClassifyInput["headers"]): (name: string) => string | undefined {
  const first = new Map<string, string>();
  for (const [name, value] of headers) if (!first.has(name)) first.set(name, value.trim());
  return (name) => first.get(name);
}

const KNOWN_HEADERS = [
  "from",
  "to",
  "subject",
  "date",
  "message-id",
  "received",
  "sender",
  "reply-to",
  "content-type",
  "mime-version",
  "return-path",
  "cc",
  "x-mailer",
];

function notAMail(mail: Mail): string | undefined {
  if (!KNOWN_HEADERS.some((name) => mail.header(name) !== undefined)) return "no header of a mail";
  if (mail.hasAttachments) return undefined;
  if (mail.text.trim() === "") return mail.subject.trim() === "" ? "nothing in it" : undefined;
  return isBinary(mail.text) ? "binary data in place of text" : undefined;
}

function reportOfMail({ report, contentType, reportType, header }: Mail): string | undefined {
  if (report?.kind === "abuse") return `abuse report of type ${report.feedbackType}`;
  if (report?.kind === "delivery") return `delivery report: ${report.recipients[0]?.action ?? "without recipients"}`;
  if (contentType === "multipart/report" && reportType === "delivery-status") return "multipart/report of type delivery-status";
  return header("x-failed-recipients") === undefined ? undefined : "header X-Failed-Recipients";
}

/** Headers of programs that answer by themselves; what they say does not matter. */
const RESPONDERS = ["x-autoreply", "x-auto-reply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-mail-autoreply"];

function saidReply({ header }: Mail): string | undefined {
  const submitted = keyword(header("auto-submitted"));
  if (submitted === "auto-replied") return "header Auto-Submitted: auto-replied";
  const responder = RESPONDERS.find((name) => isSaid(header(name)));
  if (responder !== undefined) return `header ${responder}`;
  if (/auto[-_]?reply|auto[-_]?response/.test(keyword(precedence(header)))) return "header Precedence: auto_reply";
  if (header("x-post-messageclass")?.startsWith("9")) return "header X-POST-MessageClass: 9";
  if (/^(?:reply|group|away)/i.test(header("x-autogenerated") ?? "")) return "header X-AutoGenerated";
  return header("delivered-to")?.toLowerCase() === "autoresponder" ? "header Delivered-To: autoresponder" : undefined;
}

function isSaid(value: string | undefined): boolean {
  return value !== undefined && !/^(?:no|false|0)$/i.test(value);
}

/** First word of a header that has parameters or comments. */
function keyword(value: string | undefined): string {
  return /^[^\s;(]*/.exec(value?.trim().toLowerCase() ?? "")?.[0] ?? "";
}

function precedence(header: Mail["header"]): string {
  return header("precedence") ?? header("x-precedence") ?? "";
}

const LIST_HEADERS = [
  "list-id",
  "list-post",
  "list-unsubscribe",
  "list-unsubscribe-post",
  "list-subscribe",
  "list-archive",
  "list-owner",
  "mailing-list",
  "x-mailing-list",
  "x-beenthere",
  "x-mailman-version",
  "x-list-id",
  "x-listname",
  "x-ml-name",
  "x-google-group-id",
  "x-campaign-id",
  "x-campaignid",
];

function listHeader({ header }: Mail): string | undefined {
  const name = LIST_HEADERS.find((candidate) => (header(candidate) ?? "") !== "");
  if (name !== undefined) return `header ${name}`;
  return keyword(precedence(header)) === "list" ? "header Precedence: list" : undefined;
}

function saidAutomatic({ header }: Mail): string | undefined {
  const submitted = keyword(header("auto-submitted"));
  if (submitted !== "" && submitted !== "no") return `header Auto-Submitted: ${submitted}`;
  if (/^(?:yes|true)$/i.test(header("x-loop") ?? "")) return "header X-Loop";
  return isSaid(header("x-fc-machinegenerated")) ? "header X-FC-MachineGenerated" : undefined;
}

function receipt({ contentType, reportType }: Mail): string | undefined {
  return contentType === "multipart/report" ? `multipart/report of type ${reportType ?? "unknown"}` : undefined;
}

/** The subject of an absence note and a second sign, which a person's mail has not. */
function looksLikeAbsence({ header, subject, returnPath }: Mail): string | undefined {
  const start = subject.trim().slice(0, 200);
  if (ABSENCE.test(start) || WRITTEN_BY_PROGRAM.test(start)) {
    if (returnPath === "") return "subject of an absence note and no return path";
    if (/^(?:bulk|junk)$/.test(keyword(precedence(header)))) return "subject of an absence note and Precedence";
  }
  if (!WRITTEN_BY_PROGRAM.test(start)) return undefined;
  const sign = ["x-auto-response-suppress", "in-reply-to", "x-ms-exchange-inbox-rules-loop"].find((name) => header(name) !== undefined);
  return sign === undefined ? undefined : `subject of an automatic reply and header ${sign}`;
}

function nullSender({ returnPath }: Mail): string | undefined {
  return returnPath === "" ? "no return path" : undefined;
}

function bulk({ header }: Mail): string | undefined {
  const word = keyword(precedence(header));
  const isAnswer = header("in-reply-to") !== undefined;
  return (word === "bulk" || word === "junk") && !isAnswer ? `header Precedence: ${word}` : undefined;
}
