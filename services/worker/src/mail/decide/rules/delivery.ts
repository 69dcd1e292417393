import { plainAddress } from "../addresses.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { describePerson } from "../sender.ts";
import { decide, ignore, pass } from "./rule.ts";

/** An earlier run has come to the end, and died before it could say so. */
export async function findEarlierRun({ record, deps }: MailCase): Promise<Finding> {
  const earlier = await deps.tickets.outcomeOf(record.requestId);
  return earlier ? decide({ kind: "done", ticket: earlier }, `request ${record.requestId} is decided`) : pass("none", "nothing was decided under this request");
}

/** No mail in any useful sense: an operator has to look at it. */
export async function quarantineMalformed({ mail }: MailCase): Promise<Finding> {
  if (mail.kind !== "malformed") return pass("readable", mail.kindBecause);
  return decide({ kind: "quarantined", reason: { code: "malformed", text: `It cannot be read as a mail: ${mail.kindBecause}` } }, mail.kindBecause);
}

/** A ticket needs somebody: without any address an operator has to look at it. */
export async function quarantineWithoutSender({ author }: MailCase): Promise<Finding> {
  if (author) return pass(author.address, author.field);
  const text = "No address in it names a sender that could be answered";
  return decide({ kind: "quarantined", reason: { code: "no_sender", text } }, "From, Sender, Reply-To and the envelope hold no usable address");
}

/** The same message to several of our addresses: one ticket at each, or one at the first that To or Cc names. */
export async function keepToFirstMailbox({ mail, record, deps }: MailCase): Promise<Finding> {
  if (deps.rules.severalMailboxes === "each") return pass("not asked", "MAIL_SEVERAL_MAILBOXES is each");
  if (mail.messageId === undefined) return pass("no", "without a Message-ID it is not known elsewhere");
  for (const { address } of [...mail.to, ...mail.cc].slice(0, MAX_ASKED)) {
    const mailbox = await deps.directory.mailbox(plainAddress(address));
    if (!mailbox) continue;
    if (mailbox.address === record.mailbox) return pass("here", `${mailbox.address} is the first of our addresses in it`);
    if (!(await deps.wasDeliveredTo(mailbox.address, mail.messageId))) continue;
    return ignore("delivered_elsewhere", `The same message is at ${mailbox.address}`, `To or Cc names ${mailbox.address} before ${record.mailbox}`);
  }
  return pass("here", "no other address of ours has it");
}

const MAX_ASKED = 50;

/** Says who it is from. */
export async function tellSender(mailCase: MailCase): Promise<Finding> {
  const { person, isVerified, address, because, steps } = await mailCase.sender();
  return { answer: `${describePerson(person)}, ${isVerified ? "verified" : "not verified"}`, because: `${address} (${because})`, steps };
}

/** Says which department it is for; without one an operator has to look at it. */
export async function tellDepartment(mailCase: MailCase): Promise<Finding> {
  const { department, because } = await mailCase.department();
  if (department) return pass(`department ${department.id}`, because);
  return decide({ kind: "refused", reason: { code: "department_not_found", text: `No department takes this mail: ${because}` }, bounce: undefined }, because);
}

/** Says which ticket it belongs to. */
export async function tellTicket(mailCase: MailCase): Promise<Finding> {
  const { ticket, because, steps } = await mailCase.thread();
  return { answer: ticket ? `ticket ${ticket.tid}` : "new", because, steps };
}
