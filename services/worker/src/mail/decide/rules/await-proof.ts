import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { SenderUnsettled } from "../sender-unsettled.ts";
import { decide } from "./rule.ts";

/**
 * Asked before a mail is refused for whom it is from. While the DNS does not say whether it is the client's or the colleague's
 * whose address it has, their mail would be lost without a word: throws {@link SenderUnsettled}, and the mail is tried again;
 * after a while it waits for an operator.
 */
export async function awaitProof({ record, deps, sender, authenticity }: MailCase): Promise<Finding | undefined> {
  const { isUnsettled } = await sender();
  if (!isUnsettled) return undefined;
  const { because } = await authenticity();
  if (deps.now().getTime() - record.receivedAt.getTime() < LONGEST_WAIT_MS) throw new SenderUnsettled(because);
  const text = "Who has sent it could not be found out: the DNS did not answer";
  return decide({ kind: "quarantined", reason: { code: "sender_unsettled", text } }, because);
}

/** After a mail came in, ms. */
const LONGEST_WAIT_MS = 4 * 3_600_000;
