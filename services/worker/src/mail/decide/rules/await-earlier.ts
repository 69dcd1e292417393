import { EarlierUndecided } from "../earlier-undecided.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { pass } from "./rule.ts";

/**
 * A question and its follow-up may be decided at one moment: those of an outage are, and those that come back to back. The
 * follow-up then waits for the question, or it would find no ticket: throws {@link EarlierUndecided}, and it is tried again.
 *
 * It waits for what came in before it alone, so that no two wait for one another, and not for ever: what it waits for may be
 * waiting for the DNS. That time begins when it first waits, as the time that it came in may be an outage ago. Asked before
 * anything looks for its ticket: what is decided by now has its ticket by now.
 */
export async function awaitEarlier({ mail, record, deps }: MailCase): Promise<Finding> {
  const messageIds = [...new Set([...mail.inReplyTo, ...mail.references])];
  if (messageIds.length === 0) return pass("not asked", "it refers to no mail");
  const messageId = await deps.earlier.findUndecided(messageIds, record);
  if (messageId === undefined) return pass("none", "nothing that it refers to is to be decided before it");
  const since = record.waitsSince ?? (await deps.earlier.beginWait(record._id, deps.now()));
  const waitedMs = Math.max(0, deps.now().getTime() - since.getTime());
  if (waitedMs < LONGEST_WAIT_MS) throw new EarlierUndecided(messageId, Math.min(FIRST_WAIT_MS + waitedMs, LONGEST_PAUSE_MS));
  return pass("not waited for any longer", messageId);
}

const FIRST_WAIT_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const LONGEST_WAIT_MS = 180_000;
