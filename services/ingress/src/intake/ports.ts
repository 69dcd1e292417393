import type { Readable } from "node:stream";
import type {
  AttachmentRef,
  Command,
  CommandResult,
  DeadLetter,
  EventBelonging,
  InboundMailCommand,
  InboundRecord,
  InboundState,
  Receipt,
  RejectionRecord,
  ReplyRecord,
  StandingReceipt,
  StandingReply,
  StandingTicket,
  TicketRecord,
} from "@openticket/contract";

/** What the doors need from the outside. Faults are exceptions named by meaning; the adapters map them to statuses. */

/** The queue cannot be reached, or has refused. Nothing came of this call, and nothing will. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

/** The command was taken, or may have been, and its outcome did not come in time. It can be asked for by the requestId. */
export class ReplyLate extends Error {
  override name = "ReplyLate";
  readonly requestId: string;

  constructor(requestId: string, options?: ErrorOptions) {
    super(`no reply to ${requestId} yet`, options);
    this.requestId = requestId;
  }
}

export interface CommandQueue {
  /** Enqueues; throws {@link QueueUnavailable}, or {@link ReplyLate} when the queue may have it. */
  submit(command: Command): Promise<void>;
  /** Enqueues the job that reads a stored message; throws as {@link submit} does. */
  submitMail(command: InboundMailCommand): Promise<void>;
  /** The same for a stored event of a webhook. */
  submitEvent(command: InboundMailCommand): Promise<void>;
  /** Enqueues and waits; throws {@link QueueUnavailable}, {@link ReplyLate}, or Overloaded when too many wait already. */
  submitAndWait(command: Command, options: { timeoutMs: number }): Promise<CommandResult>;
  /** True when a job of this request, with a key and with the same content, waits for nobody; throws {@link QueueUnavailable}. */
  isUnderWay(command: Command): Promise<boolean>;
  /** What the queue knows of a request that has no outcome yet. */
  state(requestId: string): Promise<"queued" | "working" | undefined>;
}

/** Events of webhooks that count for one ticket; `count` is of those that said that it is on. */
export interface Occurrences {
  count: number;
  firstAt: Date;
  lastAt: Date;
  recent: { id: string; at: Date; state: EventBelonging["state"] }[];
}

/** Outcomes, tickets and their replies, as stored. */
export interface TicketReader {
  findByIdentity(identity: string): Promise<StandingTicket | undefined>;
  findRejection(identity: string): Promise<RejectionRecord | undefined>;
  findByRequestId(requestId: string): Promise<StandingTicket | undefined>;
  findReplyByRequestId(requestId: string): Promise<StandingReply | undefined>;
  findRejectionByRequestId(requestId: string): Promise<RejectionRecord | undefined>;
  findDeadLetter(requestId: string): Promise<DeadLetter | undefined>;
  findById(id: number): Promise<TicketRecord | undefined>;
  findReply(replyId: number): Promise<ReplyRecord | undefined>;
  /** The latest replies of a ticket, at most `limit`, the oldest of them first. */
  repliesOf(ticketId: number, limit: number): Promise<ReplyRecord[]>;
  /** Events that count for a ticket, the latest of them the newest first; undefined for a ticket without any. */
  occurrencesOf(ticketId: number): Promise<Occurrences | undefined>;
}

/** Requests that a door acknowledged before their outcome was known; see accept.ts. */
export interface ReceiptStore {
  accept(receipt: Receipt): Promise<{ kind: "accepted" } | { kind: "exists"; receipt: StandingReceipt }>;
  /** Opens a receipt again that was decided. */
  reopen(receipt: Receipt): Promise<void>;
  find(requestId: string): Promise<StandingReceipt | undefined>;
}

/** Which addresses take mail. */
export interface MailboxReader {
  /** The configured mailbox behind a recipient's address, whatever its case and plus-tag. */
  find(address: string): Promise<{ address: string } | undefined>;
}

export interface MailboxDirectory extends MailboxReader {
  all(): Promise<{ address: string; deptid: number }[]>;
}

export interface InboundFilter {
  mailbox?: string | undefined;
  source?: string | undefined;
  state?: InboundState | undefined;
  limit: number;
  after?: string | undefined;
}

/** Messages that came in. */
export interface InboundReader {
  find(id: string): Promise<InboundRecord | undefined>;
  /** Newest first; `after`: only what comes behind that record. */
  list(filter: InboundFilter): Promise<InboundRecord[]>;
}

export interface BlobStore {
  put(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<Pick<AttachmentRef, "sha256" | "size">>;
  open(sha256: string): Promise<Readable>;
}

/** Content that is nobody's until it is published; `discard` never throws. One of the two is called, once. */
export interface StagedBlob extends Pick<AttachmentRef, "sha256" | "size"> {
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/** A store that content can wait in until it is known whether it is wanted. */
export interface StagingStore extends BlobStore {
  stage(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<StagedBlob>;
}

export interface Credential {
  identifier: string;
  secretHash: string;
  /** Username of the admin behind it. */
  admin?: string | undefined;
  /** Lower-case actions, or "*". */
  permissions: string[];
  /** CIDR ranges that it may be used from; none: any. */
  allowedIps: string[];
  disabled: boolean;
}

export interface AdminAccount {
  username: string;
  /** Hash of the md5 hex of the password, as older callers send it. */
  passwordHash?: string | undefined;
  disabled: boolean;
  apiAccess: boolean;
  permissions: string[];
}

export interface CredentialStore {
  credential(identifier: string): Promise<Credential | undefined>;
  admin(username: string): Promise<AdminAccount | undefined>;
}
