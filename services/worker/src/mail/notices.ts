import type { InboundRecord, Notice } from "@openticket/contract";
import { allEnded, insist, type Logger, type Loop, type Metrics, messageOf, startLoop } from "@openticket/runtime";
import { noticesTotal } from "../fault-counters.ts";
import type { Bounce } from "./decide/outcome.ts";

/**
 * Refusals that are owed to senders.
 *
 * They stand in the store before the mail is noted as refused, and are sent by whichever worker finds them due: a crash
 * loses none. The name is sender, reason and day, so that a sender hears of one reason once a day, however much they send.
 */

/** How long a sent refusal is remembered, ms: longer than its day, and than all its tries. */
const KEPT_MS = 3 * 86_400_000;
/** Longest subject that is kept of a refused mail, in characters. */
const MAX_SUBJECT = 300;

/** What is stored for a refused mail. */
export function noticeOf({ to, deptid, code, subject, messageId }: Bounce, { _id: inboundId, receivedAt }: InboundRecord, now: Date): Notice {
  const day = receivedAt.toISOString().slice(0, 10);
  return {
    _id: `${to.email.toLowerCase()}|${code}|${day}`,
    inboundId,
    to,
    deptid,
    code,
    subject: subject.slice(0, MAX_SUBJECT).toWellFormed(),
    ...(messageId !== undefined && { messageId }),
    attempts: 0,
    dueAt: now,
    expiresAt: new Date(now.getTime() + KEPT_MS),
  };
}

export interface NoticeDeps {
  notices: {
    leaseDue(now: Date, leaseMs: number, limit: number): Promise<Notice[]>;
    sent(id: string, at: Date): Promise<void>;
    postpone(id: string, next: { error: string; attempts: number; dueAt?: Date | undefined }): Promise<void>;
  };
  send(notice: Notice): Promise<void>;
  severityOf(error: unknown): "final" | "failed" | "untried";
  /** A fault of the store that ends by itself. */
  isOutage(error: unknown): boolean;
  now(): Date;
  random(): number;
  sleep(ms: number): Promise<unknown>;
  logger: Logger;
  metrics: Metrics;
}

const AT_ONCE = 20;
const INTERVAL_MS = 5000;
/** Longer than any mail's time-outs together, ms. */
const LEASE_MS = 120_000;
const FIRST_DELAY_MS = 60_000;
const MAX_DELAY_MS = 3_600_000;
const MAX_ATTEMPTS = 10;
/**
 * A refusal that is not noted as sent is sent again once its lease is over. A note that the store refuses is tried again so often;
 * while the store is away, until it is back: it leases none meanwhile, and this relay begins no other round.
 */
const NOTE_TRIES = 50;
const NOTE_DELAY_MS = 1000;

/** Sends what is due. Starts at once. */
export function startNoticeRelay(deps: NoticeDeps): Loop {
  return startLoop({
    round: async (stopped) => (await sendDue(deps, stopped)) === AT_ONCE,
    intervalMs: INTERVAL_MS,
    random: deps.random,
    onFault: (err) => deps.logger.warn({ err }, "refusals not sent"),
  });
}

/** One look at what is due; the number found. `stopped`: there is no time to insist on anything. */
export async function sendDue(deps: NoticeDeps, stopped: AbortSignal): Promise<number> {
  const due = await deps.notices.leaseDue(deps.now(), LEASE_MS, AT_ONCE);
  await allEnded(due.map((notice) => sendOne(notice, stopped, deps)));
  return due.length;
}

async function sendOne(notice: Notice, stopped: AbortSignal, deps: NoticeDeps): Promise<void> {
  const { notices, send, severityOf, isOutage, now, random, sleep, logger, metrics } = deps;
  const count = noticesTotal(metrics);
  try {
    await send(notice);
  } catch (error) {
    const severity = severityOf(error);
    const attempts = notice.attempts + (severity === "untried" ? 0 : 1);
    const isDead = severity === "final" || attempts >= MAX_ATTEMPTS;
    logger.warn({ inboundId: notice.inboundId, attempts, isDead, err: error }, "refusal not sent");
    count.inc({ result: isDead ? "dead" : "retry" });
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.max(attempts - 1, 0), MAX_DELAY_MS) * (0.75 + random() / 2);
    const next = { error: messageOf(error), attempts };
    return notices.postpone(notice._id, isDead ? next : { ...next, dueAt: new Date(now().getTime() + delayMs) });
  }
  count.inc({ result: "sent" });
  const at = now();
  await insist(() => notices.sent(notice._id, at), { tries: NOTE_TRIES, delayMs: NOTE_DELAY_MS, isOutage, sleep, isClosing: () => stopped.aborted });
}
