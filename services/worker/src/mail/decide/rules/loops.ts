import { headerOf, plainAddress } from "../addresses.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { ignore, pass } from "./rule.ts";

/** The header of our own mails, in lower case; see the notifier. */
export const LOOP_HEADER = "x-openticket-loop";

/** Our own mail has come back, unanswered: redirected, or sent to an address that leads here. */
export async function ignoreOwnMail({ mail, deps }: MailCase): Promise<Finding> {
  const token = headerOf(mail, LOOP_HEADER);
  if (token !== undefined && mail.messageId !== undefined && deps.ownMail.isOwnLoopToken(token, mail.messageId)) {
    return ignore("loop", "It is a mail of our own that has come back", `${LOOP_HEADER} is ours for ${mail.messageId}`);
  }
  for (const { address } of mail.from.slice(0, MAX_ASKED)) {
    const mailbox = await deps.directory.mailbox(plainAddress(address));
    if (mailbox) return ignore("loop", "It says that it is from an address of our own", `From: ${address}`);
  }
  return pass("not ours", token === undefined ? `no ${LOOP_HEADER}` : `${LOOP_HEADER} is not ours`);
}

/** Authors that are asked for a mailbox. */
const MAX_ASKED = 10;

/**
 * What a machine has written: nobody waits for an answer, and answering it is how loops begin. Another installation of
 * this product is a machine too, whatever else it forgot to say, unless it hands on what a person of its staff has written.
 */
export async function ignoreAutoReply(mailCase: MailCase): Promise<Finding> {
  const because = whyAutomatic(mailCase);
  if (because === undefined) return pass("no", "nothing says that a machine has written it");
  const { deps } = mailCase;
  const { ticket } = await mailCase.proof();
  mailCase.silence.push({ because: "it is an automatic answer", isForAll: true });
  if (deps.rules.autoReplies === "ticket") return pass("kept", `${because}; MAIL_AUTO_REPLIES keeps them`);
  const text = ticket ? `An automatic answer to ticket ${ticket.tid}` : "An automatic answer";
  return ignore("auto_reply", text, because, ticket && { ticket: { id: ticket.id, tid: ticket.tid } });
}

/** Which of our mails it is; of those one is a person's. */
const TEMPLATE_HEADER = "x-openticket-template";
const WRITTEN_BY_STAFF = "reply-to-opener";

function whyAutomatic({ mail, record }: MailCase): string | undefined {
  if (mail.kind === "auto-reply") return mail.kindBecause;
  const isOfInstallation = headerOf(mail, LOOP_HEADER) !== undefined && headerOf(mail, TEMPLATE_HEADER) !== WRITTEN_BY_STAFF;
  if (isOfInstallation) return `${LOOP_HEADER} of another installation`;
  return record.source.envelopeFrom === "" ? "the envelope sender is the null sender" : undefined;
}

/** Mass mailings and lists are read, and never answered. */
export async function quietBulk(mailCase: MailCase): Promise<Finding> {
  const { mail, deps } = mailCase;
  if (mail.kind !== "mailing-list") return pass("no", "no header of a list or a mass mailing");
  if (deps.rules.bulk === "ignore") return ignore("bulk", "A mailing list or mass mailing", mail.kindBecause);
  mailCase.silence.push({ because: "it is a mailing list or mass mailing", isForAll: false });
  return pass("not answered", mail.kindBecause);
}
