import type { Actor, CommandSource, Decision, ReplyParams, TicketParams } from "@openticket/contract";
import type { MailPart } from "@openticket/mail";

/** What becomes of a mail, and what else follows from it. Plain data: whoever carries it out may do so twice. */
export type MailOutcome =
  /** An earlier run has done it, and died before it could say so. */
  | { kind: "done"; ticket: { id: number; tid: string; replyId?: number | undefined } }
  | { kind: "ticket"; draft: MailDraft<TicketParams>; linkedTo?: { id: number; tid: string } | undefined }
  /** `key`: what names the reply, whichever mailbox the mail came by; absent where the record does. */
  | { kind: "reply"; draft: MailDraft<ReplyParams>; ticket: { id: number; tid: string }; key?: string | undefined }
  | { kind: "ignored"; reason: Reason; effects: Effect[]; ticket?: { id: number; tid: string } | undefined }
  | { kind: "refused"; reason: Reason; bounce: Bounce | undefined }
  | { kind: "quarantined"; reason: Reason };

/** A command without its files, which are taken out of the raw message when it is carried out. */
export interface MailDraft<P> {
  source: CommandSource;
  actor: Actor;
  params: Omit<P, "attachments">;
  files: MailPart[];
  /** The text with what it quotes, where the message is only what is new. */
  fullText: string | undefined;
}

export interface Reason {
  code: ReasonCode;
  text: string;
}

/** Categories of what became of a mail. Stable: programs rely on them. */
export type ReasonCode =
  | "ticket_opened"
  | "reply_added"
  | "department_not_found"
  | "ticket_not_found"
  | "sender_unregistered"
  | "replies_only"
  | "ticket_closed"
  | "over_limit"
  | "blocked"
  | "spam"
  | "loop"
  | "bounce"
  | "abuse_report"
  | "auto_reply"
  | "bulk"
  | "malformed"
  | "no_sender"
  | "sender_unsettled"
  | "invalid";

/** What else follows from a mail that is no ticket. */
export type Effect =
  /** A mail of this ticket did not arrive. */
  | { kind: "note-bounce"; ticketId: number; address: string; status: string; diagnostic: string; isPermanent: boolean }
  /** Nothing is sent to that address for a while. */
  | { kind: "mute"; address: string; because: string };

/** An answer that says why a mail was refused. */
export interface Bounce {
  to: { name: string; email: string };
  /** The mailbox that the mail was sent to: the bounce is from it. */
  mailbox: string;
  deptid: number;
  code: ReasonCode;
  /** Subject and Message-ID of the refused mail. */
  subject: string;
  messageId: string | undefined;
}

/** A rule's answer; with an `outcome` it is the last one that is asked. */
export interface Finding {
  answer: string;
  /** The header or fact that decided. */
  because: string;
  /** Smaller questions that led to the answer. */
  steps?: Decision[];
  outcome?: MailOutcome;
}
