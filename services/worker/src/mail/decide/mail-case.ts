import type { Decision, InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import type { Department } from "../../pipeline/ports.ts";
import type { Named } from "./addresses.ts";
import type { Authenticity, KnownTicket, MailDeps } from "./ports.ts";

/**
 * One mail while it is decided about. What a rule wants to know costs something (a look-up, the DNS), so it is found out
 * when the first rule asks, and once: rules that stand before are cheap, and a mail that they stop costs no more.
 */
export interface MailCase {
  mail: UnderstoodMail;
  record: InboundRecord;
  deps: MailDeps;
  /** Whom it says that it is from, and the header that says so. */
  author: (Named & { field: string }) | undefined;
  authenticity(): Promise<Authenticity>;
  /** Who it is from, as far as it is proven. */
  sender(): Promise<Sender>;
  /** The ticket that something keyed, or a Message-ID that we know, leads to. */
  proof(): Promise<Thread>;
  /** The ticket that it belongs to, by the subject's number as well. */
  thread(): Promise<Thread>;
  department(): Promise<Addressed>;
  /** Why the sender is not to be answered. Rules add to it. */
  silence: Silence[];
}

/** `isForAll`: nobody is mailed because of it, or a loop would have no end; else an answer of the staff goes to the opener. */
export interface Silence {
  because: string;
  isForAll: boolean;
}

/** Who a mail is from. */
export interface Sender {
  name: string;
  address: string;
  isVerified: boolean;
  /** Only a verified sender is anything but a guest. */
  person: Person;
  /** It has an address of somebody known, and a look-up failed that may prove it later. */
  isUnsettled: boolean;
  /** Username of the staff member who has forwarded it. */
  forwardedBy?: string | undefined;
  because: string;
  steps: Decision[];
}

export type Person =
  | { kind: "guest" }
  | { kind: "client"; clientid: number }
  | { kind: "user"; clientid: number; userid: number }
  | { kind: "contact"; clientid: number; contactid: number }
  | { kind: "staff"; username: string };

/** Whether a mail belongs to a ticket, and each way that was tried. */
export interface Thread {
  ticket?: KnownTicket | undefined;
  /** It names a ticket that is not there, or that it may not be added to. */
  isUnproven?: boolean;
  because: string;
  steps: Decision[];
}

/** The department that a mail is for. */
export interface Addressed {
  department: Department | undefined;
  because: string;
}
