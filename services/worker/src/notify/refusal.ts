import { cleanLine } from "./clean-text.ts";
import type { RenderedMail } from "./templates.ts";

/** The words of a mail that says why another was refused. Nothing of the refused mail is in it but its subject, cleaned. */
export function renderRefusal({ code, subject, department }: { code: string; subject: string; department: string }): RenderedMail {
  const shown = cleanLine(subject, MAX_SUBJECT) || "(no subject)";
  const name = cleanLine(department, MAX_SUBJECT);
  const reason = REASONS[code] ?? REASONS.other ?? "";
  const lines = [
    `Your mail "${shown}" to ${name} was not taken.`,
    reason,
    "Nobody has read it. This answer was written by a machine; please do not reply to it.",
  ];
  return { subject: `Not taken: ${shown}`, text: `${lines.join("\n\n")}\n`, html: lines.map((line) => `<p>${escapeHtml(line)}</p>`).join("\n") };
}

const MAX_SUBJECT = 200;
const REASONS: Record<string, string | undefined> = {
  sender_unregistered:
    "This address takes mail of registered customers only. Please write from the address that you are registered with, or use the client area.",
  replies_only: "This address takes answers to open tickets only. Please open a new ticket in the client area.",
  ticket_not_found: "This address takes answers to open tickets only, and the ticket that your mail names is not yours or does not exist.",
  ticket_closed: "The ticket that it answers is closed. Please open a new one.",
  other: "It could not be accepted.",
};

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
