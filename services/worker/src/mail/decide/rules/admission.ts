import { writeReply, writeTicket } from "../draft.ts";
import type { MailCase } from "../mail-case.ts";
import type { Bounce, Finding, MailOutcome, ReasonCode } from "../outcome.ts";
import type { KnownTicket, LinkedTicket } from "../ports.ts";
import { describePerson } from "../sender.ts";
import { findSuccessor, isClosed } from "../successor.ts";
import { awaitProof } from "./await-proof.ts";
import { decide, pass } from "./rule.ts";

/**
 * What the department does with a closed ticket that is answered: open it again, open a new one beside it, or refuse. Staff
 * may always say more.
 */
export async function treatClosed(mailCase: MailCase): Promise<Finding> {
  const { ticket } = await mailCase.thread();
  if (!ticket || !isClosed(ticket)) return pass("not closed", ticket ? `ticket ${ticket.tid} is ${ticket.status}` : "it belongs to no ticket");
  const { person } = await mailCase.sender();
  if (person.kind === "staff") return pass("staff", `${describePerson(person)} may`);
  const department = await mailCase.deps.directory.department(ticket.deptid);
  const option = department?.closedReply ?? "reopen";
  if (option === "reopen") return pass("reopen", `ticket ${ticket.tid} is closed`);
  if (option === "refuse") return refuse("ticket_closed", `Ticket ${ticket.tid} is closed, and its department opens none again`, mailCase);
  return goOnBeside(ticket, mailCase);
}

/** In the ticket that goes on for it already; else in a new one. */
async function goOnBeside(closed: KnownTicket, mailCase: MailCase): Promise<Finding> {
  const opening = await writeTicket(mailCase, { id: closed.id, tid: closed.tid });
  const successor = await findSuccessor(closed, mailCase);
  if (!successor) return decide(opening, `ticket ${closed.tid} is closed: a new one is linked to it`);
  const because = `ticket ${closed.tid} is closed, and ticket ${successor.tid} goes on for it`;
  if (isOpening(successor, opening)) return decide({ kind: "done", ticket: { id: successor.id, tid: successor.tid } }, `${because}: opened by this very mail`);
  return decide(await writeReply(mailCase, successor), because);
}

/** The same mail, by another of our mailboxes, has opened that ticket. Tickets of earlier versions do not say when theirs was written. */
function isOpening({ messageId, writtenAt, message }: LinkedTicket, opening: MailOutcome): boolean {
  if (opening.kind !== "ticket" || messageId === undefined) return false;
  const { source, params } = opening.draft;
  const isOfThatTime = writtenAt === undefined || source.writtenAt === undefined || source.writtenAt === writtenAt;
  return source.messageId === messageId && isOfThatTime && params.message === message;
}

/** A reply to a ticket that it belongs to. */
export async function addReply(mailCase: MailCase): Promise<Finding> {
  const { ticket, because } = await mailCase.thread();
  return ticket ? decide(await writeReply(mailCase, ticket), because) : pass("no", because);
}

/** A department for clients only takes no new ticket of anybody else. */
export async function refuseStranger(mailCase: MailCase): Promise<Finding> {
  const { department } = await mailCase.department();
  if (!department?.clientsOnly) return pass("open", "the department takes mail of everybody");
  const { person, address } = await mailCase.sender();
  if (person.kind !== "guest") return pass("known", `${address} is ${describePerson(person)}`);
  const text = `${department.name} takes mail of clients only, and ${address} is not proven to be one's`;
  return (await awaitProof(mailCase)) ?? refuse("sender_unregistered", text, mailCase);
}

/** A department for replies only takes no new ticket by mail; staff may open one. */
export async function refuseNewTicket(mailCase: MailCase): Promise<Finding> {
  const { department } = await mailCase.department();
  if (!department?.repliesOnly) return pass("open", "the department takes new tickets by mail");
  const { person } = await mailCase.sender();
  if (person.kind === "staff") return pass("staff", `${describePerson(person)} may`);
  const { isUnproven } = await mailCase.thread();
  const [code, text]: [ReasonCode, string] = isUnproven
    ? ["ticket_not_found", "it names a ticket that is not there, or not the sender's"]
    : ["replies_only", "it answers no ticket"];
  return (await awaitProof(mailCase)) ?? refuse(code, `${department.name} takes replies only, and ${text}`, mailCase);
}

/** What is left is a new ticket. */
export async function openTicket(mailCase: MailCase): Promise<Finding> {
  return decide(await writeTicket(mailCase), "no rule has stopped it");
}

async function refuse(code: ReasonCode, text: string, mailCase: MailCase): Promise<Finding> {
  const bounce = await bounceFor(code, mailCase);
  const outcome: MailOutcome = { kind: "refused", reason: { code, text }, bounce: bounce.bounce };
  return { ...decide(outcome, text), steps: [{ rule: "bounce", answer: bounce.bounce ? "owed" : "none", because: bounce.because }] };
}

/**
 * A refusal is told only to who has sent the mail: never where an answer could start a loop, and never to an address that
 * may be somebody else's, or we would carry a stranger's mail to a victim.
 */
export async function bounceFor(code: ReasonCode, mailCase: MailCase): Promise<{ bounce: Bounce | undefined; because: string }> {
  const { mail, record, author, silence } = mailCase;
  const [reason] = silence;
  if (reason) return { bounce: undefined, because: reason.because };
  const { mayBounce, because } = await mailCase.authenticity();
  const { department } = await mailCase.department();
  if (!mayBounce || !author || !department) return { bounce: undefined, because: `nobody vouches for the sender: ${because}` };
  const { address, name } = await mailCase.sender();
  const to = { name, email: address };
  return { bounce: { to, mailbox: record.mailbox, deptid: department.id, code, subject: mail.subject, messageId: mail.messageId }, because };
}
