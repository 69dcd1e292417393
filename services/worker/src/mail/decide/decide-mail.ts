import type { Decision, InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import type { MailCase } from "./mail-case.ts";
import { makeMailCase } from "./make-mail-case.ts";
import type { Finding, MailOutcome } from "./outcome.ts";
import type { MailDeps } from "./ports.ts";
import { addReply, openTicket, refuseNewTicket, refuseStranger, treatClosed } from "./rules/admission.ts";
import { awaitEarlier } from "./rules/await-earlier.ts";
import { ignoreOverBudget, ignoreOverTicketBudget, quietForged, quietRoleAddress } from "./rules/budgets.ts";
import { findEarlierRun, findTwin, quarantineMalformed, quarantineWithoutSender, tellDepartment, tellSender, tellTicket } from "./rules/delivery.ts";
import { ignoreBlocked, ignoreSpam } from "./rules/filters.ts";
import { ignoreAutoReply, ignoreOwnMail, quietBulk } from "./rules/loops.ts";
import { noteAbuseReport, noteBounce } from "./rules/reports.ts";

/**
 * The story of a mail: what it means, by rules that are asked one after the other until one decides.
 *
 * The order is the policy. First what makes reading on pointless (done before, no mail at all, our own); then what
 * machines send, which must never be answered, whatever else it is: reports before automatic answers, because a report
 * is one too; then what the operator keeps out; then whether it is the mail's turn; then limits, so that what follows, which
 * costs look-ups, has a bound (the DNS is asked by them as well, where a sender's share is spent). Only then it is asked who
 * has written, for which department, and to which ticket: a reply is no new ticket, so a department's rules for new ones come
 * after it.
 *
 * Nothing is changed here but the budgets, which count each mail once, and since when a mail waits for another. So a second
 * run, after a crash at any place, comes to the same answer: what the first one has stored is found by the record's request id
 * and is the first rule. A mail that came by several mailboxes is several records and one reply: the others find it once their
 * ticket is known.
 */
const RULES: readonly (readonly [name: string, ask: (mailCase: MailCase) => Promise<Finding>])[] = [
  ["earlier run", findEarlierRun],
  ["malformed", quarantineMalformed],
  ["own mail", ignoreOwnMail],
  ["abuse report", noteAbuseReport],
  ["delivery report", noteBounce],
  ["automatic answer", ignoreAutoReply],
  ["block list", ignoreBlocked],
  ["spam verdict", ignoreSpam],
  ["mass mailing", quietBulk],
  ["earlier mail", awaitEarlier],
  ["sender's budget", ignoreOverBudget],
  ["usable sender", quarantineWithoutSender],
  ["department", tellDepartment],
  ["sender", tellSender],
  ["role address", quietRoleAddress],
  ["disowned", quietForged],
  ["ticket", tellTicket],
  ["added before", findTwin],
  ["ticket's budget", ignoreOverTicketBudget],
  ["closed ticket", treatClosed],
  ["reply", addReply],
  ["clients only", refuseStranger],
  ["replies only", refuseNewTicket],
  ["new ticket", openTicket],
];

/** What was decided, and each rule that was asked, with its answer and what decided it. */
export interface DecidedMail {
  outcome: MailOutcome;
  trace: Decision[];
}

/** See the head of the file. Throws only for faults. */
export async function decideMail(mail: UnderstoodMail, record: InboundRecord, deps: MailDeps): Promise<DecidedMail> {
  const mailCase = makeMailCase(mail, record, deps);
  const trace: Decision[] = [];
  for (const [rule, ask] of RULES) {
    const { answer, because, steps = [], outcome } = await ask(mailCase);
    trace.push(...steps.map(bounded), bounded({ rule, answer, because }));
    if (outcome) return { outcome, trace };
  }
  throw new Error("the last rule decides");
}

/** Longest text of a trace, in characters: what decided is quoted, not kept. */
const MAX_TEXT = 300;

function bounded({ rule, answer, because }: Decision): Decision {
  const cut = (text: string) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1).replace(/[\ud800-\udbff]$/, "")}…` : text);
  return { rule, answer: cut(answer), ...(because !== undefined && { because: cut(because) }) };
}
