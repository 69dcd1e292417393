import type { Decision } from "@openticket/contract";
import { authorOf, isRoleAddress, type Named, plainAddress } from "./addresses.ts";
import { originalSender } from "./forwarded.ts";
import type { MailCase, Person, Sender } from "./mail-case.ts";
import type { Authenticity, MailDirectory } from "./ports.ts";
import { findNumbered } from "./thread.ts";

/**
 * Who a mail is from.
 *
 * A name in a header proves nothing: somebody is a client, user, contact or member of the staff only when the domain of
 * From vouches for the mail. Everybody else is a guest, and whom they would have been stands in the trace alone.
 * A member of the staff who forwards a mail is not its author: that is who stands in the forwarded block, as a guest,
 * because nobody vouches for a block of text. But what they write to a ticket is theirs, whatever it quotes. A web form that
 * writes from a no-reply address means its Reply-To.
 */
export async function identifySender(mailCase: MailCase): Promise<Sender> {
  const { mail, record, deps } = mailCase;
  const author = mailCase.author ?? authorOf(mail, record.source.envelopeFrom);
  if (!author) throw new Error("a mail without an author has no sender");
  const authenticity = await mailCase.authenticity();
  const steps: Decision[] = [...otherNames(mailCase), { rule: "authenticity", answer: describe(authenticity), because: authenticity.because }];
  const isVerified = authenticity.isAligned && author.field === "From";
  const known = await personOf(author, deps.directory);
  const person: Person = isVerified ? known : { kind: "guest" };
  const isUnsettled = authenticity.isUnsettled === true && author.field === "From" && known.kind !== "guest";
  const sender: Sender = { ...named(author), isVerified, person, isUnsettled, because: `${author.field}: ${author.address}`, steps };
  if (!isVerified && known.kind !== "guest") steps.push({ rule: "known address", answer: "not used", because: `${describePerson(known)}, if it were proven` });
  return (await forwardedByStaff(mailCase, sender)) ?? writtenThroughForm(mailCase, sender) ?? sender;
}

/** What a person reads in the trace. */
export function describePerson(person: Person): string {
  switch (person.kind) {
    case "client":
      return `client ${person.clientid}`;
    case "user":
      return `user ${person.userid} of client ${person.clientid}`;
    case "contact":
      return `contact ${person.contactid} of client ${person.clientid}`;
    case "staff":
      return `staff ${person.username}`;
    case "guest":
      return "guest";
  }
}

function describe({ isAligned, isForged }: Authenticity): string {
  if (isAligned) return "verified";
  return isForged ? "forged" : "not verified";
}

/** Staff first: an agent who is also a client answers as an agent. */
async function personOf({ address }: Named, directory: MailDirectory): Promise<Person> {
  const { admins, clients, users, contacts } = await directory.findByEmail(plainAddress(address));
  const [admin, client, user, contact] = [admins.find(({ disabled }) => !disabled), clients[0], users[0], contacts[0]];
  if (admin) return { kind: "staff", username: admin.username };
  if (client) return { kind: "client", clientid: client.id };
  const [clientid] = user?.clientids ?? [];
  if (user && clientid !== undefined) return { kind: "user", clientid, userid: user.id };
  return contact ? { kind: "contact", clientid: contact.clientid, contactid: contact.id } : { kind: "guest" };
}

async function forwardedByStaff(mailCase: MailCase, sender: Sender): Promise<Sender | undefined> {
  const { person, steps } = sender;
  if (person.kind !== "staff") return undefined;
  const original = originalSender(mailCase.mail);
  if (!original || plainAddress(original.address) === plainAddress(sender.address)) return undefined;
  const answered = await whatItAnswers(mailCase);
  if (answered !== undefined) {
    steps.push({ rule: "forwarded", answer: "not followed", because: `${describePerson(person)} answers ${answered}, and quotes ${original.address}` });
    return undefined;
  }
  steps.push({ rule: "forwarded", answer: original.address, because: `${describePerson(person)} has forwarded it, and the forwarded block names its sender` });
  return { ...sender, ...named(original), isVerified: false, person: { kind: "guest" }, forwardedBy: person.username };
}

/** The ticket, or the mail of ours, that a mail of the staff answers: they belong to every ticket, so its number is enough. */
async function whatItAnswers({ mail, deps, proof }: MailCase): Promise<string | undefined> {
  const ticket = (await proof()).ticket ?? (await findNumbered(mail.subject, deps.tickets)).ticket;
  return ticket ? `ticket ${ticket.tid}` : mail.inReplyTo.find((messageId) => deps.ownMail.claimIn(messageId) !== undefined);
}

function writtenThroughForm({ mail }: MailCase, sender: Sender): Sender | undefined {
  const reply = mail.replyTo.length === 1 ? authorOf({ ...mail, from: mail.replyTo }, undefined) : undefined;
  if (!isRoleAddress(sender.address) || !reply || isRoleAddress(reply.address)) return undefined;
  sender.steps.push({ rule: "reply-to", answer: reply.address, because: `${sender.address} is nobody's, so Reply-To names who has written` });
  return { ...sender, ...named(reply), isVerified: false, person: { kind: "guest" } };
}

/** What else names a sender, and is not followed. */
function otherNames({ mail }: MailCase): Decision[] {
  const [first, ...others] = mail.from;
  const steps: Decision[] = [];
  if (others.length > 0)
    steps.push({ rule: "several authors", answer: first?.address ?? "none", because: `From names ${mail.from.length}; verified only if all are` });
  const { sender } = mail;
  if (sender && first && plainAddress(sender.address) !== plainAddress(first.address)) {
    steps.push({ rule: "sender header", answer: "not followed", because: `Sender: ${sender.address} has sent it for ${first.address}` });
  }
  return steps;
}

/** A guest needs a name: without one it is the address's own. */
function named({ name, address }: Named): Named {
  const given = name.trim();
  return { address: address.trim(), name: given === "" ? address.slice(0, address.lastIndexOf("@")) : given };
}
