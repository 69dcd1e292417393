import type { OutboxEntry, ReplyRecord, TicketHead, TicketRecord } from "@openticket/contract";
import type { Abridged } from "../abridge.ts";
import type { MailAddress } from "./address.ts";
import { cut } from "./clean-text.ts";

/**
 * What a mail is written from: everything that its writer needs, as plain data that crosses to a thread as JSON, and nothing
 * else of a ticket. A message of megabytes is cut before it crosses.
 */
export type Letter = OwedLetter | RefusalLetter;

/** Which mail it is. */
export type MailTemplate = NonNullable<OutboxEntry["template"]>;

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
  reply?: LetterReply | undefined;
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

interface Person {
  kind: string;
  name: string;
  email?: string | undefined;
  isVerified?: boolean | undefined;
}

/** `createdAt` is in ms since 1970. */
export interface LetterTicket extends Pick<TicketHead, "_id" | "id" | "tid" | "c" | "subject" | "priority"> {
  opener: Person;
  createdAt: number;
  channel: string;
  /** Of the mail that opened it, where one did and it may stand in a header. */
  messageId: string | undefined;
}

export interface LetterReply extends Pick<ReplyRecord, "replyId" | "status"> {
  author: Person;
  createdAt: number;
}

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
  written: Pick<TicketRecord, "message" | "markdown" | "attachments"> & Abridged;
  reply?: ReplyRecord;
}

interface About {
  to: MailAddress;
  department: Department | undefined;
  /** Of this try. */
  at: Date;
}

/** The letter of a refusal. */
export function refusalLetterOf({ name, deptid, code, subject, messageId }: Refusal, about: About): RefusalLetter {
  return {
    ...headOf(about),
    kind: "refusal",
    trace: { ticketId: 0, requestId: name, template: "refusal" },
    refusal: { name, deptid, code, subject, messageId: sendableMessageId(messageId) },
  };
}

/** The letter of an owed mail; `maxChars`: as much of a message as a mail may show. */
export function letterOf(
  { ticket, written, reply }: MailTopic,
  { template, maxChars, ...about }: About & { template: MailTemplate; maxChars: number },
): OwedLetter {
  const { _id, id, tid, c, subject, priority, opener, source, createdAt } = ticket;
  const { message, messageLength = message.length, markdown, attachments } = written;
  return {
    ...headOf(about),
    kind: "owed",
    template,
    trace: { ticketId: id, requestId: (reply ?? ticket).requestId, template },
    ticket: {
      ...{ _id, id, tid, c, subject, priority },
      opener: personOf(opener),
      createdAt: createdAt.getTime(),
      channel: source.channel,
      messageId: source.channel === "email" ? sendableMessageId(source.messageId) : undefined,
    },
    written: { message: cut(message, maxChars), length: messageLength, markdown, attachments: attachments.map(({ name, size }) => ({ name, size })) },
    reply: reply && { replyId: reply.replyId, author: personOf(reply.author), status: reply.status, createdAt: reply.createdAt.getTime() },
  };
}

function headOf({ to, department, at }: About): Omit<LetterHead, "trace"> {
  return { to, department: department && { name: department.name, email: department.email }, writtenAt: at.getTime() };
}

/** A Message-ID that can stand in a header, else undefined: it came with a mail, or with whatever another program has queued. */
function sendableMessageId(messageId: unknown): string | undefined {
  const isSendable = typeof messageId === "string" && messageId.length <= 250 && /^<[!-;=?-~]+@[!-;=?-~]+>$/.test(messageId);
  return isSendable ? messageId : undefined;
}

/** Of all that is known of them, what a mail shows. */
function personOf({ kind, name, email, isVerified }: Person): Person {
  return { kind, name, email, isVerified };
}
