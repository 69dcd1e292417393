import { createWriteStream } from "node:fs";

/** What was promised to whom: every request of a run, and every answer that it got. */

export const MAIL_DOORS = ["smtp", "lmtp"] as const;
export type MailDoor = (typeof MAIL_DOORS)[number];
export const WEBHOOK_DOORS = ["webhook-event", "webhook-alert", "webhook-mail"] as const;
export type WebhookDoor = (typeof WEBHOOK_DOORS)[number];
export const DOORS = ["api", "rest", "async", "sdk", "raw", ...MAIL_DOORS, ...WEBHOOK_DOORS] as const;
export type Door = (typeof DOORS)[number];

/** One answer that a producer took for final. */
export type Acknowledgement =
  | { kind: "opened"; id: number; tid: string; c: string; isReplay: boolean }
  /** 202: promised, without ids yet. */
  | { kind: "accepted" }
  /** 250 of a mail door, 2xx to a webhook: promised, under this name. */
  | { kind: "stored"; inboundId: string }
  | { kind: "rejected"; code: string };

/** What is to come of a mail. */
export interface ExpectedMail {
  /** Absent in what is no mail at all. */
  messageId?: string;
  endsAs: "ticket" | "ignored" | "refused" | "quarantined";
  /** What its ticket says. */
  text: string;
}

/** What is to come of an event of a webhook. */
export interface ExpectedEvent {
  /** Its provider's name for it; none of two sources have the same. */
  eventId: string;
  /** `nowhere`: the door refuses it, and nothing of it may be stored; `shared`: it opens a ticket, or counts for the one of its tag. */
  endsAs: "ticket" | "shared" | "ignored" | "refused" | "nowhere";
}

export interface RequestEntry {
  /** Stands in the ticket's subject: by it the ticket is found without our own identities. Alerts about one thing share theirs. */
  tag: string;
  door: Door;
  /** Must be rejected, with this code; of a mail: must not become a ticket, for this reason. */
  wrongWith?: string;
  mail?: ExpectedMail;
  event?: ExpectedEvent;
  acknowledgements: Acknowledgement[];
  /** Deliveries that ended in an error or in silence; what they came to is not known. */
  failures: number;
  /** Its producer does not try again and never learned the outcome. */
  isGivenUp: boolean;
}

/** What is known of a request before it is sent. */
export interface Asked extends Pick<RequestEntry, "tag" | "door"> {
  wrongWith?: string | undefined;
  mail?: ExpectedMail | undefined;
  event?: ExpectedEvent | undefined;
}

export interface Ledger {
  open(asked: Asked): RequestEntry;
  /** Notes an answer to a delivery that was begun at `sentAtMs`. */
  acknowledge(entry: RequestEntry, answer: Acknowledgement, sentAtMs: number): void;
  fail(entry: RequestEntry, reason: string): void;
  /** Something else that happened, for the file alone. */
  note(line: object): void;
  /** An answer that no promise of the product allows for. */
  oddity(entry: RequestEntry, what: string): void;
  requests: readonly RequestEntry[];
  oddities: readonly string[];
  /** Failed deliveries by reason. */
  failuresByReason: ReadonlyMap<string, number>;
  /** When the deliveries were begun and acknowledged, in the order of their acknowledgement; ms of the monotonic clock. */
  times: readonly { sentAtMs: number; atMs: number }[];
  close(): Promise<void>;
}

/** Keeps the ledger in memory, and as JSON lines in `path` for whoever wants to know what happened. */
export function makeLedger(path: string): Ledger {
  const file = createWriteStream(path);
  const requests: RequestEntry[] = [];
  const oddities: string[] = [];
  const failuresByReason = new Map<string, number>();
  const times: { sentAtMs: number; atMs: number }[] = [];
  const write = (line: object) => void file.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
  return {
    requests,
    oddities,
    failuresByReason,
    times,
    note: write,
    open({ tag, door, wrongWith, mail, event }) {
      const expected = { ...(wrongWith && { wrongWith }), ...(mail && { mail }), ...(event && { event }) };
      const entry: RequestEntry = { tag, door, ...expected, acknowledgements: [], failures: 0, isGivenUp: false };
      requests.push(entry);
      return entry;
    },
    acknowledge(entry, answer, sentAtMs) {
      const atMs = performance.now();
      entry.acknowledgements.push(answer);
      times.push({ sentAtMs, atMs });
      write({ tag: entry.tag, door: entry.door, afterMs: Math.round(atMs - sentAtMs), ...answer });
    },
    fail(entry, reason) {
      entry.failures++;
      failuresByReason.set(reason, (failuresByReason.get(reason) ?? 0) + 1);
      write({ tag: entry.tag, door: entry.door, kind: "failed", reason });
    },
    oddity(entry, what) {
      oddities.push(`${entry.tag} (${entry.door}): ${what}`);
      write({ tag: entry.tag, door: entry.door, kind: "odd", what });
    },
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}

/** The answers of one request that name a ticket. */
export function openings({ acknowledgements }: RequestEntry): (Acknowledgement & { kind: "opened" })[] {
  return acknowledgements.filter((answer) => answer.kind === "opened");
}

/** True when the product has promised something about the request. */
export function isAcknowledged({ acknowledgements }: RequestEntry): boolean {
  return acknowledgements.length > 0;
}

/** The names under which something was told to be stored, each once. */
export function namesTold({ acknowledgements }: RequestEntry): string[] {
  return [...new Set(acknowledgements.flatMap((answer) => (answer.kind === "stored" ? [answer.inboundId] : [])))];
}
