import type { Logger } from "@openticket/runtime";
import { createTransport } from "nodemailer";
import { MailDelayed } from "./mail-delayed.ts";
import type { MailTransport } from "./mail-transport.ts";
import { sortSmtpFault } from "./smtp-faults.ts";
import { mustUpgrade } from "./smtp-url.ts";

export interface SmtpTransportOptions {
  /** Relay, checked by `smtpUrlFault`. */
  url: string;
  maxConnections: number;
  maxMessagesPerConnection: number;
  /** 0: no limit. */
  maxPerSecond: number;
  /** For the connection, and again for the greeting. */
  connectTimeoutMs: number;
  /** For each silence of the relay. */
  socketTimeoutMs: number;
  /** For one mail in all: a relay that sends a byte now and then is never silent. */
  sendTimeoutMs: number;
  /** Milliseconds of a clock that never goes back. */
  elapsedMs(): number;
  logger: Logger;
}

/**
 * A connection that the relay closed while it was idle is replaced once without a word. Every other broken connection
 * goes back to the outbox, whose delays grow: a relay in trouble is not hammered, and nothing is sent twice in a row.
 */
const MAX_REQUEUES = 1;
/** Pause between two loud lines about the same wrong setting, ms. */
const COMPLAINT_INTERVAL_MS = 60_000;

/** Hands mails to a relay over a pool of connections. Throws `MailRejected` for good, `MailDelayed` for now. */
export function makeSmtpTransport(options: SmtpTransportOptions): MailTransport {
  const { url, maxConnections, maxMessagesPerConnection, maxPerSecond, connectTimeoutMs, socketTimeoutMs, sendTimeoutMs, logger } = options;
  const pool = createTransport({
    url,
    pool: true,
    maxConnections,
    maxMessages: maxMessagesPerConnection,
    maxRequeues: MAX_REQUEUES,
    ...(maxPerSecond > 0 && { rateLimit: maxPerSecond, rateDelta: 1000 }),
    ...(mustUpgrade(url) && { requireTLS: true }),
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const complain = makeComplainer(options);
  return {
    name: "smtp",
    concurrency: maxConnections,
    async send({ envelope, raw, messageId, trace }) {
      const signal = AbortSignal.timeout(sendTimeoutMs);
      try {
        await pool.sendMail({ raw, envelope: { ...envelope, size: raw.length }, signal });
      } catch (error) {
        const sorted = sortSmtpFault(error);
        if (sorted instanceof MailDelayed && sorted.because === "configuration") complain(sorted);
        throw sorted;
      }
      logger.info({ ...trace, messageId, bytes: raw.length }, "mail handed to the relay");
    },
    async close() {
      pool.close({ force: true });
    },
  };
}

/** Says loudly that a setting must be put right, but not once for every mail. */
function makeComplainer({ logger, elapsedMs }: SmtpTransportOptions): (fault: MailDelayed) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (fault) => {
    const at = elapsedMs();
    if (at - saidAt < COMPLAINT_INTERVAL_MS) return;
    saidAt = at;
    logger.error({ err: fault, settings: ["SMTP_URL", "MAIL_FROM", "MAIL_BOUNCE_ADDRESS"] }, "mail relay refuses our settings; mails wait");
  };
}
