import { z } from "zod";
import { type Command, commandSource } from "./command.ts";
import { fingerprintOf } from "./identity.ts";

/**
 * What is kept of a request beside its outcome: the receipt of a door that answered before the outcome was known, and
 * the dead letter of a request that will not run again by itself. Commands are kept as JSON text, because a requester's
 * field names may be none that a database takes.
 */
export const receipt = z.object({
  /** The requestId. */
  _id: z.string(),
  fingerprint: z.string(),
  source: commandSource,
  acceptedAt: z.date(),
  /** Key prefix in Redis of the queue that it was accepted for; absent: any. */
  queuePrefix: z.string().optional(),
  /** The whole command; dropped when the request is decided. */
  commandJson: z.string().optional(),
  /** When it is looked at whether the request is decided; absent when it is. */
  checkAt: z.date().optional(),
  /** How often the command was put into the queue again. */
  requeued: z.int().nonnegative(),
  decidedAt: z.date().optional(),
  /** What it came to, where that is known: what must be there as long as the receipt is. */
  outcome: z.enum(["ticket", "reply", "rejection", "dead-letter"]).optional(),
  /** When a decided receipt is forgotten. */
  expiresAt: z.date().optional(),
});
export type Receipt = z.infer<typeof receipt>;

/** What a door needs of a receipt that stands already: its command may be large. */
export type StandingReceipt = Omit<Receipt, "commandJson">;

/** How long what was just accepted is left to the queue before the recovery looks at it, ms. */
export const FIRST_CHECK_MS = 30_000;

/** A fresh receipt of this command: what brings the request back should Redis lose it. */
export function receiptOf(command: Command, now: Date): Receipt {
  return {
    _id: command.requestId,
    fingerprint: fingerprintOf(command),
    source: command.source,
    acceptedAt: now,
    commandJson: JSON.stringify(command),
    checkAt: new Date(now.getTime() + FIRST_CHECK_MS),
    requeued: 0,
  };
}

export const deadLetter = z.object({
  /** The requestId; of a letter that gave way to one of the same request with other content, the beginning of its fingerprint behind it. */
  _id: z.string(),
  /** Name and data of the job, as it came; the name cut, and without the data, where they were more than can be kept. */
  jobName: z.string(),
  dataJson: z.string().optional(),
  /** Size of data that was not kept, bytes; absent also where it nests too deep to be measured. */
  lostDataBytes: z.int().positive().optional(),
  /** SHA-256 in hex over what the job asked for: that of its command, or of data that is none. Letters of earlier versions have none. */
  fingerprint: z.string().optional(),
  /** The same over the data as it was written; this is the fingerprint of some letters of earlier versions. */
  dataFingerprint: z.string().optional(),
  /** Why: `command_unreadable`, `action_unknown`, `poison`, `failed`. */
  code: z.string(),
  reason: z.string(),
  attempts: z.int().nonnegative(),
  source: commandSource.optional(),
  receivedAt: z.date(),
  diedAt: z.date(),
});
export type DeadLetter = z.infer<typeof deadLetter>;

/** A refusal that is owed to the sender of a mail. */
export const notice = z.object({
  /** One for each sender, reason and day: that is also all that a sender gets. */
  _id: z.string(),
  inboundId: z.string(),
  to: z.object({ name: z.string(), email: z.string() }),
  deptid: z.int(),
  /** Why, for programs, and in words for the sender. */
  code: z.string(),
  /** Of the refused mail. */
  subject: z.string(),
  messageId: z.string().optional(),
  attempts: z.int().nonnegative(),
  /** When it is next tried; absent when it is sent or given up. */
  dueAt: z.date().optional(),
  sentAt: z.date().optional(),
  lastError: z.string().optional(),
  expiresAt: z.date(),
});
export type Notice = z.infer<typeof notice>;
