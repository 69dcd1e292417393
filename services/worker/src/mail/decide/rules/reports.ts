import type { MailReport } from "@openticket/mail";
import type { MailCase } from "../mail-case.ts";
import type { Effect, Finding } from "../outcome.ts";
import type { KnownTicket } from "../ports.ts";
import { ignore, pass } from "./rule.ts";

/** Somebody has complained about a mail: noted, never a ticket. */
export async function noteAbuseReport(mailCase: MailCase): Promise<Finding> {
  const { report } = mailCase.mail;
  if (report?.kind !== "abuse") return pass("no", "no abuse report");
  const about = await ticketOf(report.originalMessageId, mailCase);
  const because = `feedback-report of type ${report.feedbackType}`;
  return ignore(
    "abuse_report",
    about ? `An abuse report about a mail of ticket ${about.ticket.tid}` : "An abuse report",
    because,
    about && shown(about.ticket),
  );
}

/**
 * A report about a mail that did not arrive. Tied to a ticket only by our own keyed Message-ID, so that nobody can tell
 * us that an address is dead: whoever knows the Message-ID has had the mail in hand.
 */
export async function noteBounce(mailCase: MailCase): Promise<Finding> {
  const { mail } = mailCase;
  const report = mail.report?.kind === "delivery" ? mail.report : undefined;
  if (mail.kind !== "bounce" && !report) return pass("no", "no delivery report");
  const about = await ticketOf(report?.originalMessageId, mailCase);
  if (about) {
    const effects = effectsOf(about, report);
    const text = effects.length > 0 ? `A mail of ticket ${about.ticket.tid} did not arrive` : `A delivery report about ticket ${about.ticket.tid}`;
    return ignore("bounce", text, `it is about ${about.messageId}`, { effects, ...shown(about.ticket) });
  }
  return ignore("bounce", "A delivery report about no mail of ours", mail.kindBecause);
}

interface About {
  ticket: KnownTicket;
  messageId: string;
  /** Whom that mail was sent to. */
  recipient: string;
}

/** The ticket whose mail a report is about; reports of older programs only refer to it. */
async function ticketOf(original: string | undefined, { mail, deps }: MailCase): Promise<About | undefined> {
  for (const messageId of [...(original === undefined ? [] : [original]), ...mail.inReplyTo, ...mail.references].slice(0, MAX_ASKED)) {
    const claimed = deps.ownMail.claimIn(messageId);
    const ticket = claimed === undefined ? undefined : await deps.tickets.findById(claimed);
    const recipient = ticket && deps.ownMail.recipientOf(messageId, ticket);
    if (ticket && recipient !== undefined) return { ticket, messageId, recipient };
  }
  return undefined;
}

const MAX_ASKED = 10;

function effectsOf({ ticket, recipient, messageId }: About, report: Extract<MailReport, { kind: "delivery" }> | undefined): Effect[] {
  // The mail had one recipient: whatever address a forwarder has put into the report, that one was not reached.
  const failed = report ? report.recipients.find(({ action }) => action.toLowerCase() === "failed") : { status: "", diagnostic: "", isPermanent: false };
  if (!failed) return [];
  const { status, diagnostic, isPermanent } = failed;
  const note: Effect = { kind: "note-bounce", ticketId: ticket.id, address: recipient, status, diagnostic, isPermanent };
  const mute: Effect = { kind: "mute", address: recipient, because: `${messageId} came back for good: ${status} ${diagnostic}`.trim() };
  return isPermanent ? [note, mute] : [note];
}

function shown({ id, tid }: KnownTicket) {
  return { ticket: { id, tid } };
}
