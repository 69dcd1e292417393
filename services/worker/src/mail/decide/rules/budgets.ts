import { isRoleAddress, plainAddress } from "../addresses.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { ignore, pass } from "./rule.ts";

/**
 * How much of one sender is taken in a window. Beyond the first bound they get no more answers, which ends every loop in
 * which a machine answers ours; far beyond it their mail is kept and becomes nothing.
 *
 * Anybody can write with a sender's name and use up what is theirs. So what is proven counts on its own: what answers a
 * ticket's mail, with that ticket, as whoever has had the mail has no more than that; and what a domain vouches for. Proof is
 * asked for where the common budget is spent, as it costs look-ups.
 */
export async function ignoreOverBudget(mailCase: MailCase): Promise<Finding> {
  const { author, deps } = mailCase;
  if (!author) return pass("not asked", "it names no sender");
  const { windowMs, quiet, most } = deps.rules.senderBudget;
  const address = plainAddress(author.address);
  const common = await placeOf(`sender:${address}`, deps.rules.senderBudget, mailCase);
  const proof = common > quiet ? await proofOf(mailCase) : undefined;
  const place = proof === undefined ? common : await placeOf(`${proof}:${address}`, deps.rules.senderBudget, mailCase);
  const because = `${proof === undefined ? "" : "proven "}mail ${Math.min(place, most + 1)} of this sender within ${windowMs / 60_000} minutes`;
  if (place > most) return ignore("over_limit", `More than ${most} mails of one sender within ${windowMs / 60_000} minutes`, because);
  if (place <= quiet) return pass("within", because);
  mailCase.silence.push({ because: `more than ${quiet} mails of this sender within ${windowMs / 60_000} minutes`, isForAll: true });
  return pass("not answered", because);
}

async function proofOf(mailCase: MailCase): Promise<string | undefined> {
  const { ticket } = await mailCase.proof();
  if (ticket) return `proven:${ticket.id}`;
  return (await mailCase.authenticity()).isAligned ? "proven" : undefined;
}

function placeOf(key: string, { windowMs, most }: { windowMs: number; most: number }, { record, deps }: MailCase): Promise<number> {
  return deps.budgets.spend(key, record._id, { start: windowOf(record.receivedAt, windowMs), ms: windowMs, most });
}

/** How much of one sender is added to one ticket. */
export async function ignoreOverTicketBudget(mailCase: MailCase): Promise<Finding> {
  const { deps } = mailCase;
  const { ticket } = await mailCase.thread();
  if (!ticket) return pass("not asked", "it belongs to no ticket");
  const { windowMs, most } = deps.rules.ticketBudget;
  const { address } = await mailCase.sender();
  const place = await placeOf(`ticket:${ticket.id}:${plainAddress(address)}`, deps.rules.ticketBudget, mailCase);
  const because = `mail ${Math.min(place, most + 1)} of this sender to ticket ${ticket.tid} within ${windowMs / 60_000} minutes`;
  if (place <= most) return pass("within", because);
  return ignore("over_limit", `More than ${most} mails of one sender to ticket ${ticket.tid}`, because, { ticket: { id: ticket.id, tid: ticket.tid } });
}

/** By when it came in, so that a second run counts in the same window. */
function windowOf(receivedAt: Date, windowMs: number): Date {
  return new Date(Math.floor(receivedAt.getTime() / windowMs) * windowMs);
}

/** Nobody reads what is sent to such an address, or a machine does. */
export async function quietRoleAddress(mailCase: MailCase): Promise<Finding> {
  const { address } = await mailCase.sender();
  if (!isRoleAddress(address)) return pass("no", `${address} may be a person's`);
  mailCase.silence.push({ because: `${address} is a role's address`, isForAll: false });
  return pass("not answered", address);
}

/** The domain itself says that the mail is none of its own: an answer would go to somebody who has written nothing. */
export async function quietForged(mailCase: MailCase): Promise<Finding> {
  const { isForged, because } = await mailCase.authenticity();
  if (!isForged) return pass("no", "the domain in From does not disown it");
  mailCase.silence.push({ because: "the domain in From disowns it", isForAll: false });
  return pass("not answered", because);
}
