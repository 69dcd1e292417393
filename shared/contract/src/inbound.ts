import { z } from "zod";
import { shortId } from "./command.ts";
import { CONTRACT_VERSION } from "./names.ts";
import { decision } from "./ticket.ts";
import { SOURCE_KINDS } from "./webhook.ts";

/**
 * A message that came in as it was sent: the record that stands in the store, with its raw bytes in the blob store,
 * before its sender is told that it was taken. What it means is found out later, and noted here.
 */

/** The call of a webhook that a message came in by. */
export const inboundWebhook = z.object({
  /** Name and kind of the configured source. */
  source: z.string(),
  kind: z.enum(SOURCE_KINDS),
  /** Address of the caller, where it brought a mail: it is the provider's, and says nothing of the mail's sender. */
  ip: z.string().optional(),
  /** What the provider calls the event; absent where it gives it no name: then its content does. */
  eventId: z.string().optional(),
  /** The body of the call, exactly as it came, in the blob store. */
  body: z.object({ sha256: z.string(), size: z.int() }),
  contentType: z.string().optional(),
  /** What the provider says of the event beside its body, in its own words: such as GitHub's `x-github-event`. */
  headers: z.record(z.string(), z.string()).optional(),
  /** What the provider found out about a mail, in its own words, such as `spam` or `dkim`. Decides nothing. */
  verdicts: z.record(z.string(), z.string()).optional(),
});
export type InboundWebhook = z.infer<typeof inboundWebhook>;

export const EVENT_STATES = ["firing", "resolved"] as const;

/** What an event is about, settled once: whoever decides it again finds it. */
export const eventBelonging = z.object({
  /** What its source's correlation says of it. */
  key: z.string(),
  /** The request whose ticket counts this event and others of that key. */
  requestId: z.string(),
  state: z.enum(EVENT_STATES),
});
export type EventBelonging = z.infer<typeof eventBelonging>;

/** How a message came in, as the door saw it. */
export const inboundSource = z.object({
  /** `smtp`, `lmtp`, `imap`, `pipe`, `webhook`. */
  door: z.string(),
  /** Envelope sender; "" for the null sender; absent where the door knows none. */
  envelopeFrom: z.string().optional(),
  /** Envelope recipients that led to this mailbox, as given, with their plus-tags. */
  envelopeTo: z.array(z.string()),
  /** Of the peer that handed it over; SPF and trusted networks go by it, so it is absent where the peer is a webhook's provider. */
  ip: z.string().optional(),
  helo: z.string().optional(),
  /** User that the peer had logged in as. */
  user: z.string().optional(),
  isTls: z.boolean().optional(),
  webhook: inboundWebhook.optional(),
});
export type InboundSource = z.infer<typeof inboundSource>;

export const INBOUND_STATES = ["stored", "ticket", "reply", "occurrence", "ignored", "refused", "quarantined"] as const;
export const inboundState = z.enum(INBOUND_STATES);
/**
 * `stored`: not decided yet. `ticket`, `reply`: it became one. `occurrence`: an event that counts for a ticket which is
 * there already. `ignored`: by a rule (loop, noise, block list).
 * `refused`: by a rule whose sender was told, or by validation. `quarantined`: could not be read; waits for an operator.
 */
export type InboundState = z.infer<typeof inboundState>;

export const inboundRecord = z.object({
  /** `inb_` and 32 hex digits of a hash over mailbox, Message-ID and body: the same message has the same. See {@link isSameMail}. */
  _id: z.string(),
  /** Name of the request that it becomes; the idempotency of that request. */
  requestId: z.string(),
  /**
   * Address of the configured mailbox that it was delivered to, lower case, without a plus-tag; of a webhook's event,
   * which is for none, `webhook:` and the name of its source.
   */
  mailbox: z.string(),
  source: inboundSource,
  /** Of one that was erased no content: no name, and no bytes. */
  raw: z.object({ sha256: z.string(), size: z.int() }),
  /** As it stands in the header, when a quick look found one. */
  messageId: z.string().optional(),
  /** What its Date header says, where a quick look understood it. Records of earlier versions have none. */
  writtenAt: z.date().optional(),
  receivedAt: z.date(),
  /** Key prefix in Redis of the queue that it was accepted for; absent: any. */
  queuePrefix: z.string().optional(),
  state: inboundState,
  /** Why it is in that state: a category and words. */
  reason: z.object({ code: z.string(), text: z.string() }).optional(),
  /** The ticket that it became or was added to. */
  ticket: z.object({ id: z.int(), tid: z.string(), replyId: z.int().optional() }).optional(),
  correlation: eventBelonging.optional(),
  /** Each rule asked, its answer, and what decided. */
  trace: z.array(decision),
  /** What a list shows; absent until it was read. */
  summary: z.object({ from: z.string(), subject: z.string(), kind: z.string() }).optional(),
  /** How often the same message was delivered again. */
  repetitions: z.int().nonnegative(),
  /** When the recovery looks at it; absent once it is decided. */
  checkAt: z.date().optional(),
  /** Since then it waits for another message to be decided, to which it refers. */
  waitsSince: z.date().optional(),
  decidedAt: z.date().optional(),
  /** Since then its content, and the call that brought it, are not kept any more; the record is. */
  contentRemovedAt: z.date().optional(),
});
export type InboundRecord = z.infer<typeof inboundRecord>;

/**
 * Reason code of what an erasure leaves of a message: its names, its mailbox and its times, so that the same message meets it, be
 * it that a folder is read anew, and nothing comes of it. It is decided for good.
 */
export const ERASED = "erased";

type Dated = Pick<InboundRecord, "writtenAt" | "receivedAt">;

/**
 * Whether a message is the one that stands under its name already. A device may give each of its alarms the same Message-ID and the
 * same words: two Dates that differ prove two messages. One that is not there, or cannot be read, proves nothing; but what states
 * none, be it of an earlier version or of a stranger who left it out, is no message that was written after it had come in.
 */
export function isSameMail(stored: Dated, given: Dated): boolean {
  if (!given.writtenAt) return true;
  if (stored.writtenAt) return stored.writtenAt.getTime() === given.writtenAt.getTime();
  // A Date in the future is a wrong clock's.
  return !cameBefore(stored, given.writtenAt) || cameBefore(given, given.writtenAt);
}

/** How far apart the clocks of who writes a Date and of a door may be, ms. */
const CLOCKS_APART_MS = 86_400_000;

/** Whether a message had come in before another one was written, which it can then not be. */
export function cameBefore({ receivedAt }: Pick<InboundRecord, "receivedAt">, writtenAt: Date): boolean {
  return writtenAt.getTime() - receivedAt.getTime() > CLOCKS_APART_MS;
}

/** Data of a job {@link INBOUND_MAIL_JOB} on the command queue. The job's id is the requestId. */
export const inboundMailCommand = z.looseObject({ v: z.int().min(1), requestId: shortId, inboundId: shortId, receivedAt: z.string() });
export type InboundMailCommand = z.infer<typeof inboundMailCommand>;

/** The command that has a stored message read. */
export function inboundCommandOf({ _id: inboundId, requestId, receivedAt }: Pick<InboundRecord, "_id" | "requestId" | "receivedAt">): InboundMailCommand {
  return { v: CONTRACT_VERSION, requestId, inboundId, receivedAt: receivedAt.toISOString() };
}

/** Job name of a stored message that wants to be read. Ours alone: not part of the contract with other producers. */
export const INBOUND_MAIL_JOB = "InboundMail";

/** Job name of a stored event of a webhook; its data is that of {@link INBOUND_MAIL_JOB}. */
export const INBOUND_EVENT_JOB = "InboundEvent";

/** What stands for the mailbox of a source's events, before the source's name. */
const EVENT_MAILBOX = "webhook:";

/** What stands for the mailbox of the events of a source. */
export function eventMailbox(source: string): string {
  return `${EVENT_MAILBOX}${source}`;
}

/** Name of the job that reads what came in for a mailbox: a mail, or a source's event. */
export function inboundJobName({ mailbox }: Pick<InboundRecord, "mailbox">): typeof INBOUND_MAIL_JOB | typeof INBOUND_EVENT_JOB {
  return mailbox.startsWith(EVENT_MAILBOX) ? INBOUND_EVENT_JOB : INBOUND_MAIL_JOB;
}
