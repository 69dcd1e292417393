import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@openticket/runtime";
import { MailDelayed } from "./mail-delayed.ts";
import type { MailTransport } from "./mail-transport.ts";
import type { WritingOptions } from "./mail-writer.ts";
import type { RelayConnectionsOptions } from "./relay-connections.ts";
import { sortSmtpFault } from "./smtp-faults.ts";
import { startRelayThread } from "./start-relay-thread.ts";

export interface SmtpTransportOptions extends RelayConnectionsOptions {
  writing: WritingOptions;
  /** For one mail in all: a relay that sends a byte now and then is never silent. */
  sendTimeoutMs: number;
  maxConnections: number;
  /** 0: no limit. */
  maxPerSecond: number;
  /** Milliseconds of a clock that never goes back. */
  elapsedMs(): number;
  logger: Logger;
}

/**
 * Longest wait for the pace, s: as many mails are in hand at once. It comes on top of the wait for a turn and the longest
 * sending, which stay below the time after which the outbox's relay would send the same mail (see the notifier).
 */
const LONGEST_PACE_S = 10;
/** Pause between two loud lines about the same wrong setting, ms. */
const COMPLAINT_INTERVAL_MS = 60_000;

/** Has mails written and handed to a relay, over connections that are kept, by a thread. Throws `MailRejected` for good, `MailDelayed` for now. */
export function makeSmtpTransport(options: SmtpTransportOptions): MailTransport {
  const { writing, sendTimeoutMs, maxConnections, maxPerSecond, logger, elapsedMs, ...relay } = options;
  const thread = startRelayThread({ relay, sendTimeoutMs, writing });
  const inTurn = makePace({ perSecond: maxPerSecond, elapsedMs });
  const complain: Partial<Record<MailDelayed["because"], (fault: MailDelayed) => void>> = {
    configuration: makeComplainer(options, ["SMTP_URL", "MAIL_FROM", "MAIL_BOUNCE_ADDRESS"], "mails wait until this is put right"),
    writing: makeComplainer(options, ["MAIL_TEMPLATE_DIR"], "a mail waits until its template is put right and the worker started again"),
  };
  return {
    name: "smtp",
    concurrency: maxPerSecond > 0 ? Math.min(maxConnections, LONGEST_PACE_S * maxPerSecond) : maxConnections,
    async send(letter) {
      await inTurn();
      try {
        const sent = await thread.send(letter);
        logger.debug({ ...letter.trace, ...sent }, "mail handed to the relay");
      } catch (error) {
        const sorted = sortSmtpFault(error);
        if (sorted instanceof MailDelayed) complain[sorted.because]?.(sorted);
        throw sorted;
      }
    },
    close: thread.close,
  };
}

/** Lets mails through at an even pace; 0: as they come. */
function makePace({ perSecond, elapsedMs }: { perSecond: number; elapsedMs(): number }): () => Promise<void> {
  if (perSecond === 0) return async () => undefined;
  let freeAtMs = elapsedMs();
  return async () => {
    const nowMs = elapsedMs();
    const startAtMs = Math.max(nowMs, freeAtMs);
    freeAtMs = startAtMs + 1000 / perSecond;
    if (startAtMs > nowMs) await delay(startAtMs - nowMs);
  };
}

/** Says loudly that a setting must be put right, but not once for every mail. */
function makeComplainer({ logger, elapsedMs }: SmtpTransportOptions, settings: string[], text: string): (fault: MailDelayed) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (fault) => {
    const at = elapsedMs();
    if (at - saidAt < COMPLAINT_INTERVAL_MS) return;
    saidAt = at;
    logger.error({ err: fault, settings }, text);
  };
}
