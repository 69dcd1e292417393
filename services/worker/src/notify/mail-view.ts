import { displayName } from "./address.ts";
import { cleanLine } from "./clean-text.ts";
import type { NotifyConfig } from "./config.ts";
import type { LetterReply, LetterTicket, OwedLetter } from "./letter.ts";
import { type MessageBody, renderMessage } from "./message-body.ts";

/** What templates see as `it`. Every text is one safe line, except `message`. */
export interface MailView {
  department: { name: string };
  recipient: { name: string };
  opener: { name: string; email: string; kind: string };
  ticket: { id: number; tid: string; subject: string; priority: string; createdAt: string; channel: string };
  message: MessageBody;
  attachments: { name: string; size: string }[];
  /** Of the mails about a reply alone; `message` and `attachments` are the reply's. Staff have no address here. */
  reply?: { author: { name: string; email: string; kind: string }; createdAt: string; status: string };
  /** True when the mail that this is about may not be from who it says. */
  isUnverified: boolean;
  /** Page of the ticket in the client area. It holds the access code, so only mails to the opener have this field. */
  link?: string;
}

export interface ViewInput extends Pick<OwedLetter, "ticket" | "written" | "template" | "to" | "reply"> {
  departmentName: string;
  config: Pick<NotifyConfig, "CLIENT_AREA_URL"> & { TIME_ZONE?: string | undefined };
}

/** A subject longer than that is cut: a header line may have 998 characters, and one long word cannot be folded. */
const MAX_SUBJECT = 500;
const MAX_FILE_NAME = 150;

/** What the template of this mail may show. */
export function viewOf({ ticket, written, reply, template, to, departmentName, config }: ViewInput): MailView {
  const { opener, id, priority, channel } = ticket;
  const timeZone = config.TIME_ZONE ?? "UTC";
  const view: MailView = {
    department: { name: displayName(departmentName) },
    recipient: { name: displayName(to.name) },
    opener: { name: displayName(opener.name), email: cleanLine(opener.email ?? "", MAX_FILE_NAME), kind: opener.kind },
    ticket: {
      id,
      tid: tidOf(ticket),
      subject: cleanLine(ticket.subject, MAX_SUBJECT),
      priority,
      createdAt: instant(ticket.createdAt, timeZone),
      channel: cleanLine(channel, MAX_FILE_NAME),
    },
    message: renderMessage(written),
    isUnverified: (reply?.author ?? opener).isVerified === false,
    attachments: written.attachments.map(({ name, size }) => ({ name: cleanLine(name, MAX_FILE_NAME), size: fileSize(size) })),
  };
  if (reply) view.reply = replyView(reply, timeZone);
  return template.startsWith("staff-") ? view : { ...view, link: clientAreaLink(config.CLIENT_AREA_URL, ticket) };
}

function replyView({ author, createdAt, status }: LetterReply, timeZone: string): NonNullable<MailView["reply"]> {
  const { name, kind, email = "" } = author;
  const shown = kind === "admin" ? "" : cleanLine(email, MAX_FILE_NAME);
  return { author: { name: displayName(name), email: shown, kind }, createdAt: instant(createdAt, timeZone), status: cleanLine(status, MAX_FILE_NAME) };
}

/** The ticket's number as it stands in a header or a sentence. */
export function tidOf({ tid }: { tid: string }): string {
  return cleanLine(tid, 50);
}

function clientAreaLink(clientAreaUrl: string, { tid, c }: LetterTicket): string {
  return `${clientAreaUrl.replace(/\/+$/, "")}/viewticket.php?tid=${encodeURIComponent(tid)}&c=${encodeURIComponent(c)}`;
}

/** Such as `2026-11-24 13:05 (Europe/Berlin)`. */
function instant(at: number, timeZone: string): string {
  const minute = Math.floor(at / 60_000);
  if (lastInstant.minute !== minute || lastInstant.timeZone !== timeZone) lastInstant = { minute, timeZone, text: formatInstant(at, timeZone) };
  return lastInstant.text;
}

/** Mails of one minute follow one another, and formatting costs more than the rest of a mail's view. */
let lastInstant = { minute: Number.NaN, timeZone: "", text: "" };

function formatInstant(at: number, timeZone: string): string {
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const [year, month, day, hour, minute] = (["year", "month", "day", "hour", "minute"] as const).map((part) => parts.get(part));
  return `${year}-${month}-${day} ${hour}:${minute} (${timeZone})`;
}

/** One per zone: making one costs more than the rest of a mail's view. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const kept = formatters.get(timeZone);
  if (kept) return kept;
  const made = new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
  });
  formatters.set(timeZone, made);
  return made;
}

function fileSize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}
