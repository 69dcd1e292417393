import { isSameMail } from "@openticket/contract";
import { dateOf, identityOfReply } from "../draft.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import { describePerson } from "../sender.ts";
import { decide, pass } from "./rule.ts";

/** An earlier run has come to the end, and died before it could say so. */
export async function findEarlierRun({ record, deps }: MailCase): Promise<Finding> {
  const earlier = await deps.tickets.outcomeOf(record.requestId);
  return earlier ? decide({ kind: "done", ticket: earlier }, `request ${record.requestId} is decided`) : pass("none", "nothing was decided under this request");
}

/**
 * It was sent to several of our mailboxes, and is on its ticket already; or an earlier run has put it there. Workers of earlier
 * versions left the Date out of its name: what has such a name may also be what a device has said on another day.
 */
export async function findTwin(mailCase: MailCase): Promise<Finding> {
  const { mail, record, deps } = mailCase;
  const { ticket } = await mailCase.thread();
  const writtenAt = dateOf(mail);
  const [dated, undated] = ticket ? await Promise.all([writtenAt, undefined].map((date) => identityOfReply(mailCase, ticket.id, date))) : [];
  if (dated === undefined || undated === undefined) return pass("not asked", ticket ? "it has no Message-ID" : "it belongs to no ticket");
  const [own, former] = await Promise.all([dated, undated].map((identity) => deps.tickets.outcomeOf(identity)));
  const twin = own ?? (former && isSameMail(former, { writtenAt, receivedAt: record.receivedAt }) ? former : undefined);
  if (!twin) return pass("none", `it was not added to ticket ${ticket?.tid}`);
  return decide({ kind: "done", ticket: twin }, `request ${own ? dated : undated} is the same mail`);
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
