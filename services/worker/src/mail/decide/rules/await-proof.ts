import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { SenderUnsettled } from "../sender-unsettled.ts";
import { decide } from "./rule.ts";

/**
 * Asked before a mail is refused for whom it is from. While the DNS does not say who that is, a client's or a colleague's mail
 * would be lost without a word: throws {@link SenderUnsettled}, and the mail is tried again; and after a while it waits for an
 * operator. Not longer: a mail whose domain has a DNS server that never answers is checked again and again meanwhile.
 */
export async function awaitProof({ record, deps, authenticity }: MailCase): Promise<Finding | undefined> {
  const { isUnsettled, because } = await authenticity();
  if (!isUnsettled) return undefined;
  if (deps.now().getTime() - record.receivedAt.getTime() < LONGEST_WAIT_MS) throw new SenderUnsettled(because);
  const text = "Who has sent it could not be found out: the DNS did not answer";
  return decide({ kind: "quarantined", reason: { code: "sender_unsettled", text } }, because);
}

/** After a mail came in, ms. */
const LONGEST_WAIT_MS = 1_800_000;
