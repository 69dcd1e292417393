import type { MailTemplate } from "./letter.ts";
import { LOOP_HEADER } from "./message-ids.ts";

/**
 * Headers that keep machines from answering: RFC 3834 for all that follow it (`auto-replied` where a mail is answered),
 * Microsoft's for Exchange, and our own by which we know our mail when it comes back. What a person of the staff has
 * written is no automatic mail, and says so to nobody: help desks and lists would put our answer aside. No `Precedence`:
 * it is discouraged (RFC 2076) and makes filters take the mail for a mass mailing. No `List-*`: this is no list.
 */
export function loopSafeHeaders({
  isAnswer,
  template,
  loopToken,
}: {
  isAnswer: boolean;
  template: MailTemplate | "refusal";
  loopToken: string;
}): Record<string, string> {
  const submitted = template === "reply-to-opener" ? {} : { "Auto-Submitted": isAnswer ? "auto-replied" : "auto-generated" };
  return { ...submitted, "X-Auto-Response-Suppress": "All", "X-OpenTicket-Template": template, [LOOP_HEADER]: loopToken };
}
