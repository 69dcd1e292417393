import type { RejectionRecord, ReplyDraft, ReplyRecord, StandingReply, StandingTicket, TicketDraft, TicketHead, TicketRecord } from "@openticket/contract";
import type { WantsEvent } from "./owed-event.ts";

/**
 * What the story of a ticket needs from the outside. Every look-up may be called once per ticket: behind these
 * ports they coalesce, so that the story stays a plain function of one ticket. Every fault is an exception and means
 * "try again later"; everything expected is a value.
 */

export interface Department {
  id: number;
  name: string;
  email?: string | undefined;
  clientsOnly: boolean;
  repliesOnly: boolean;
  noAutoresponder: boolean;
  preventClientClosure: boolean;
  hidden: boolean;
  /** What a mail to a closed ticket of this department does; absent: reopen. AddTicketReply itself always reopens. */
  closedReply?: "reopen" | "open-linked" | "refuse" | undefined;
  /** Usernames of the admins who are told about new tickets. */
  staff: string[];
}

interface Person {
  firstname: string;
  lastname: string;
  email: string;
}
export interface Client extends Person {
  id: number;
  companyname?: string | undefined;
}
export interface User extends Person {
  id: number;
  /** Clients that this user may act for. */
  clientids: number[];
}
export interface Contact extends Person {
  id: number;
  clientid: number;
}
export interface Admin extends Person {
  username: string;
  disabled: boolean;
}
interface OwnedByClient {
  id: number;
  clientid: number;
}
interface CustomField {
  id: number;
  name: string;
  /** Only on tickets of that department; everywhere when absent. */
  deptid?: number | undefined;
}

export interface Directory {
  department(id: number): Promise<Department | undefined>;
  client(id: number): Promise<Client | undefined>;
  user(id: number): Promise<User | undefined>;
  contact(id: number): Promise<Contact | undefined>;
  service(id: number): Promise<OwnedByClient | undefined>;
  domain(id: number): Promise<OwnedByClient | undefined>;
  customFields(ids: number[]): Promise<CustomField[]>;
  admin(username: string): Promise<Admin | undefined>;
  staffOf(department: Department): Promise<Admin[]>;
}

export type Commit =
  /** Written by this call. */
  | { kind: "opened"; ticket: TicketRecord }
  /** An earlier run of the same request, or an earlier request with the same key, has written it. */
  | { kind: "exists"; ticket: StandingTicket }
  /** The mask for ticket numbers is too narrow: no free one was found in a bounded number of tries. */
  | { kind: "out-of-numbers" };

export type Rejection =
  | { kind: "rejected"; record: RejectionRecord }
  | { kind: "exists"; record: RejectionRecord }
  /** The request has a ticket already. */
  | { kind: "opened"; ticket: StandingTicket }
  /** The request has a reply already. */
  | { kind: "added"; reply: StandingReply };

export interface TicketStore {
  /** Numbers the draft and writes it with its outbox, journaled on a majority. */
  commit(draft: TicketDraft): Promise<Commit>;
  reject(record: RejectionRecord): Promise<Rejection>;
  /** The rejection that came before this ticket; `isOurs`: nobody was told of the ticket yet, and it is removed then. */
  giveWay(ticket: StandingTicket, options: { isOurs: boolean }): Promise<RejectionRecord | undefined>;
  findByIdentity(identity: string): Promise<StandingTicket | undefined>;
  findRejection(identity: string): Promise<RejectionRecord | undefined>;
  /** By the ticket's id. */
  findHead(id: number): Promise<TicketHead | undefined>;
}

export type Added =
  /** Written by this call. */
  | { kind: "added"; reply: ReplyRecord }
  /** An earlier run of the same request, or an earlier request with the same key, has written it. */
  | { kind: "exists"; reply: StandingReply }
  /** Rejected elsewhere, before anybody was told of the reply; nothing was kept. */
  | { kind: "rejected"; record: RejectionRecord }
  /** The ticket is there no more; nothing was kept. */
  | { kind: "ticket-gone" };

export interface ReplyStore {
  /**
   * Numbers the draft, writes it with its outbox and changes its ticket, journaled on a majority. Whoever runs it again completes
   * what was begun. `mayHaveTwin`: see `RunOptions`.
   */
  add(draft: ReplyDraft, options: { mayHaveTwin(): boolean }): Promise<Added>;
  findByIdentity(identity: string): Promise<StandingReply | undefined>;
}

export interface BlobStore {
  put(content: AsyncIterable<Uint8Array>, meta: { maxBytes: number }): Promise<{ sha256: string; size: number }>;
  has(sha256: string): Promise<{ size: number } | undefined>;
}

/** Configuration that the story depends on. */
export interface TicketRules {
  /** IANA name of the zone that times without an offset are in. */
  timeZone: string;
  defaultPriority: TicketRecord["priority"];
  rejectionRetentionMs: number;
  /** Bounds on attachments; names are lower-case extensions without the dot, "any" allows all. */
  attachments: { count: number; bytes: number; totalBytes: number; extensions: readonly string[] | "any" };
  /** Names of all statuses that a ticket may have. */
  statuses: readonly string[];
  /** How long after the commit the relay leaves the outbox to the process that wrote it, ms. */
  outboxGraceMs: number;
}

export interface PipelineDeps {
  directory: Directory;
  tickets: TicketStore;
  replies: ReplyStore;
  blobs: BlobStore;
  rules: TicketRules;
  /** Absent: there are no endpoints. */
  wantsEvent?: WantsEvent | undefined;
  now(): Date;
}
