import type { ReplyRecord, TicketHead, TicketRecord } from "@openticket/contract";
import type { MailAddress } from "./address.ts";
import { cut } from "./clean-text.ts";
import type { MailTemplate } from "./mail-view.ts";

/**
 * What a mail is written from: everything that its writer needs, as plain data that crosses to a thread as JSON.
 * Nothing of a ticket is in it that no mail shows: a message of megabytes is cut before it crosses.
 */
export type Letter = OwedLetter | RefusalLetter;

interface LetterHead {
  to: MailAddress;
  /** Absent when it is there no more. */
  department?: Department | undefined;
  /** Of this try, ms since 1970. */
  writtenAt: number;
  /** What a log line about this mail may hold: no address, no subject. */
  trace: { ticketId: number; requestId: string; template: string };
}

/** A mail that a ticket or a reply owes. */
export interface OwedLetter extends LetterHead {
  kind: "owed";
  template: MailTemplate;
  ticket: LetterTicket;
  /** What was written: the ticket's message or the reply's. */
  written: Written;
  reply?: LetterReply;
}

/** A mail that says why another was refused. */
export interface RefusalLetter extends LetterHead {
  kind: "refusal";
  refusal: Omit<Refusal, "to">;
}

export interface Department {
  name: string;
  email?: string | undefined;
}

/** `createdAt` is in ms since 1970. */
export type LetterTicket = Pick<TicketHead, "_id" | "id" | "tid" | "c" | "subject" | "priority" | "opener" | "source"> & { createdAt: number };
type LetterReply = Pick<ReplyRecord, "replyId" | "author" | "status"> & { createdAt: number };

export interface Written {
  /** As much of it as a mail may show. */
  message: string;
  /** Of the whole message, characters. */
  length: number;
  markdown: boolean;
  attachments: { name: string; size: number }[];
}

/** A mail of somebody that was refused. `name` is the same for every try. */
export interface Refusal {
  name: string;
  to: { name: string; email: string };
  deptid: number;
  code: string;
  subject: string;
  messageId?: string | undefined;
}

/** What a mail is about: a ticket, or a reply to one. */
export interface MailTopic {
  ticket: TicketHead;
  /** What was written: the ticket's message or the reply's. */
  written: Pick<TicketRecord, "message" | "markdown" | "attachments">;
  reply?: ReplyRecord;
}

/** The letter of an owed mail; `maxChars`: as much of a message as a mail may show. */
export function letterOf(
  { ticket, written, reply }: MailTopic,
  { template, to, department, at, maxChars }: { template: MailTemplate; to: MailAddress; department: Department | undefined; at: Date; maxChars: number },
): OwedLetter {
  const { _id, id, tid, c, subject, priority, opener, source, createdAt } = ticket;
  const { message, markdown, attachments } = written;
  return {
    kind: "owed",
    template,
    to,
    department,
    writtenAt: at.getTime(),
    trace: { ticketId: id, requestId: (reply ?? ticket).requestId, template },
    ticket: { _id, id, tid, c, subject, priority, opener, source, createdAt: createdAt.getTime() },
    written: { message: cut(message, maxChars), length: message.length, markdown, attachments: attachments.map(({ name, size }) => ({ name, size })) },
    ...(reply && { reply: { replyId: reply.replyId, author: reply.author, status: reply.status, createdAt: reply.createdAt.getTime() } }),
  };
}
