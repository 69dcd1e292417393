import type { Decision } from "@openticket/contract";
import { plainAddress, tagOf } from "./addresses.ts";
import type { MailCase, Sender, Thread } from "./mail-case.ts";
import type { KnownTicket, MailDeps } from "./ports.ts";

/**
 * Which ticket a mail belongs to, by what is hardest to forge first.
 *
 * 1. Something keyed that we have sent out, come back: our own Message-ID in In-Reply-To or References, a token in the
 *    recipient's address, or the marker line of our mail in the quoted text. Whoever has it has had the mail.
 * 2. A Message-ID of a mail that we have taken in: the others on a conversation know it, so it is no secret, but nobody
 *    guesses it.
 * 3. The number in the subject. Everybody can write one, so it counts only for who belongs to that ticket.
 */
export async function findTicket(mailCase: MailCase): Promise<Thread> {
  const proof = await mailCase.proof();
  if (proof.ticket) return proof;
  const bySubject = await findBySubject(mailCase);
  return { ...bySubject, isUnproven: bySubject.isUnproven === true || proof.isUnproven === true, steps: [...proof.steps, ...bySubject.steps] };
}

/** Of the ways above the first two: they need nobody to be known. */
export async function findByProof({ mail, record, deps }: MailCase): Promise<Thread> {
  const steps: Decision[] = [];
  const ids = [...mail.inReplyTo, ...mail.references.toReversed()];
  const recipients = [...record.source.envelopeTo, ...[...mail.to, ...mail.cc].map(({ address }) => address), ...mail.deliveredTo];
  const tags = recipients.map(tagOf).filter((tag) => tag !== undefined);
  const markers = [...mail.text.slice(0, MARKER_TEXT).matchAll(MARKER)].map(([, token = ""]) => token);
  const own = [
    { way: "own Message-ID", texts: ids },
    { way: "token in the address", texts: tags },
  ];
  for (const { way, texts } of own) {
    const ticket = await keyed(way, texts, deps, steps);
    if (ticket) return { ticket, because: steps.at(-1)?.because ?? way, steps };
  }
  const known = ids.length === 0 ? undefined : await deps.tickets.findByMessageIds([...new Set(ids)], record.mailbox);
  const ticket = known && (await deps.tickets.findById(known.ticketId));
  if (known) steps.push({ rule: "known Message-ID", answer: ticket ? `ticket ${ticket.tid}` : "no", because: known.messageId });
  if (ticket) return { ticket, because: `it answers ${known.messageId}`, steps };
  const marked = await keyed("marker in the text", markers, deps, steps);
  if (marked) return { ticket: marked, because: steps.at(-1)?.because ?? "", steps };
  return { because: "nothing in it leads to a ticket", isUnproven: steps.length > 0, steps };
}

/** Our marker line: see the notifier. */
const MARKER = /\[ref:(t\d{1,15}\.[0-9a-f]{20})\]/gi;
/** A mail that quotes us does so within so many characters. */
const MARKER_TEXT = 1_000_000;
/** Claims of one kind that are looked into. */
const MAX_CLAIMS = 10;

async function keyed(way: string, texts: readonly string[], { ownMail, tickets }: MailDeps, steps: Decision[]): Promise<KnownTicket | undefined> {
  for (const text of [...new Set(texts)].slice(0, 200)) {
    const claimed = steps.length < MAX_CLAIMS ? ownMail.claimIn(text) : undefined;
    if (claimed === undefined) continue;
    const ticket = await tickets.findById(claimed);
    const isOurs = ticket !== undefined && ownMail.isOfTicket(text, ticket);
    steps.push({ rule: way, answer: isOurs ? `ticket ${ticket.tid}` : "not ours", because: text.slice(0, 200) });
    if (isOurs) return ticket;
  }
  return undefined;
}

/** The number as our mails have it in their subjects. */
const SUBJECT_NUMBER = /\[Ticket ID:\s*([^\]\s]{1,50})\s*\]/i;

/** The number that a subject names, and its ticket if there is one. A claim, no proof. */
export async function findNumbered(subject: string, tickets: MailDeps["tickets"]): Promise<{ tid?: string; ticket?: KnownTicket | undefined }> {
  const tid = SUBJECT_NUMBER.exec(subject)?.[1];
  return tid === undefined ? {} : { tid, ticket: await tickets.findByTid(tid) };
}

async function findBySubject(mailCase: MailCase): Promise<Thread> {
  const { mail, deps } = mailCase;
  const { tid, ticket } = await findNumbered(mail.subject, deps.tickets);
  if (tid === undefined) return { because: "no Message-ID, token, marker or number leads to a ticket", steps: [] };
  if (!ticket)
    return { isUnproven: true, because: `there is no ticket ${tid}`, steps: [{ rule: "number in the subject", answer: "no such ticket", because: tid }] };
  const reason = await whyOneOf(ticket, await mailCase.sender(), deps);
  const answer = reason === undefined ? "not followed" : `ticket ${ticket.tid}`;
  const because = reason ?? `the number alone proves nothing, and the sender does not belong to ticket ${tid}`;
  const steps = [{ rule: "number in the subject", answer, because }];
  return reason === undefined ? { isUnproven: true, because, steps } : { ticket, because, steps };
}

/** Why this sender belongs to the ticket; undefined when they do not. An address that is not proven is nobody's. */
async function whyOneOf(ticket: KnownTicket, { address, isVerified, person }: Sender, { directory, tickets }: MailDeps): Promise<string | undefined> {
  const own = plainAddress(address);
  const isOpener = plainAddress(ticket.opener.email) === own;
  if (person.kind === "staff") return `the number, from ${person.username} of the staff`;
  // The address of a guest who was never proven proved no more when the ticket was opened than it does now.
  const isUnproven = ticket.opener.kind === "guest" && ticket.opener.isVerified !== true;
  if (isOpener && isUnproven) return "the number, from the address that opened it, unverified then as now";
  if (!isVerified) return undefined;
  if (isOpener) return "the number, from who opened it";
  const { clientid } = ticket.opener;
  if (clientid !== undefined && "clientid" in person && person.clientid === clientid) return `the number, from one who acts for client ${clientid}`;
  if (clientid !== undefined && (await directory.addressesOfClient(clientid)).includes(own)) return `the number, from an address of client ${clientid}`;
  return (await tickets.authorsOf(ticket.id)).includes(own) ? "the number, from one who has replied to it before" : undefined;
}
