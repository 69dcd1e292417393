import type { InboundRecord, TicketRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import type { Admin, Client, Contact, Department, User } from "../../pipeline/ports.ts";

/** What the decision about a mail needs from the outside. Every fault is an exception and means "try again later". */

export interface MailDirectory {
  department(id: number): Promise<Department | undefined>;
  client(id: number): Promise<Client | undefined>;
  /** Everybody with that address, whatever its case. */
  findByEmail(address: string): Promise<PeopleOfAddress>;
  /** Addresses of those who may act for a client: its own, its users' and its contacts'; lower case. */
  addressesOfClient(clientid: number): Promise<string[]>;
  mailFilters(): Promise<MailFilter[]>;
  /** The department that the mail of this address is for; undefined when it is no mailbox of ours. */
  mailbox(address: string): Promise<{ address: string; deptid: number } | undefined>;
}

export interface PeopleOfAddress {
  clients: Client[];
  users: User[];
  contacts: Contact[];
  admins: Admin[];
}

/** Something that mail is kept out for. `value` in lower case. */
export interface MailFilter {
  id: number;
  /** The whole address, the domain and those below it, a phrase in the subject, a phrase in subject or text. */
  kind: "sender" | "domain" | "subject" | "phrase";
  value: string;
}

/** A ticket as far as the decision needs it. */
export interface KnownTicket extends Pick<TicketRecord, "_id" | "id" | "tid" | "status" | "deptid" | "opener"> {
  /** What was sent because of it: of each mail the template, the address, and the reply that it was about. */
  mails: { template: string; address: string; replyId?: number | undefined }[];
}

/** A ticket that goes on for a closed one, and the mail that opened it. */
export interface LinkedTicket extends KnownTicket {
  messageId?: string | undefined;
  /** What that mail says of when it was written, ISO 8601. */
  writtenAt?: string | undefined;
  message: string;
}

export interface KnownTickets {
  findById(id: number): Promise<KnownTicket | undefined>;
  findByTid(tid: string): Promise<KnownTicket | undefined>;
  /**
   * Number of the ticket that a mail with one of these Message-IDs opened or was added to; the first that is known, by this mailbox
   * if by several, or the latest like it: a device may give all its mails one Message-ID.
   */
  findByMessageIds(messageIds: readonly string[], mailbox: string): Promise<{ ticketId: number; messageId: string } | undefined>;
  /** Tickets that were opened instead of this one, the latest first. */
  findLinkedTo(ticketId: number): Promise<LinkedTicket[]>;
  /** Addresses of those who have replied to it; lower case. */
  authorsOf(ticketId: number): Promise<string[]>;
  /** What an earlier run of this request became; by its identity, or by its own name. */
  outcomeOf(requestId: string): Promise<EarlierOutcome | undefined>;
}

/** Mails that came in and are not decided yet. */
export interface EarlierMails {
  /** Which of these Message-IDs is that of one that came in before this record. */
  findUndecided(messageIds: readonly string[], record: Pick<InboundRecord, "_id" | "receivedAt">): Promise<string | undefined>;
  /** Notes that a mail waits for another one, from now on unless it does already; since when it does. */
  beginWait(id: string, now: Date): Promise<Date>;
}

export interface EarlierOutcome {
  id: number;
  tid: string;
  replyId?: number | undefined;
  /** When the request came in. */
  receivedAt: Date;
}

/** Our own mails, known by their keyed names. */
export interface OwnMail {
  /** Number of the ticket that a Message-ID, or a token, says it belongs to. A claim, no proof. */
  claimIn(text: string): number | undefined;
  /** True for a Message-ID or a token that we made for that ticket. */
  isOfTicket(text: string, ticket: KnownTicket): boolean;
  /** Whom the mail with that Message-ID went to; undefined when it is none that this ticket has sent. */
  recipientOf(messageId: string, ticket: KnownTicket): string | undefined;
  isOwnLoopToken(token: string, messageId: string): boolean;
}

export interface Budgets {
  /** The mail's place among those that count against this key in its window, from 1; at most `most` + 1. The same mail always has the same. */
  spend(key: string, inboundId: string, window: { start: Date; ms: number; most: number }): Promise<number>;
}

/** Who vouches for a mail. */
export interface Authenticity {
  /** Every domain in From vouches for this mail. */
  isAligned: boolean;
  /** The domain in From says of itself that a mail like this one is not its own. */
  isForged: boolean;
  /** The envelope sender is who has sent it, so that a bounce reaches nobody else. */
  mayBounce: boolean;
  /** Nobody vouches for it, but a look-up failed that may succeed later. */
  isUnsettled?: boolean;
  /** The header, the record or the peer that decided. */
  because: string;
}

export interface MailRules {
  /** What becomes of automatic answers, and of mass mailings. */
  autoReplies: "ignore" | "ticket";
  bulk: "ignore" | "ticket";
  /** Headers of trusted filters by which they say "spam"; names in lower case. */
  spamHeaders: { name: string; value: string }[];
  /** Mails of one sender in a window: beyond `quiet` nobody is answered, beyond `most` they are ignored. */
  senderBudget: { windowMs: number; quiet: number; most: number };
  ticketBudget: { windowMs: number; most: number };
}

export interface MailDeps {
  directory: MailDirectory;
  tickets: KnownTickets;
  earlier: EarlierMails;
  ownMail: OwnMail;
  budgets: Budgets;
  authenticate(mail: UnderstoodMail, record: InboundRecord): Promise<Authenticity>;
  rules: MailRules;
  now(): Date;
}
