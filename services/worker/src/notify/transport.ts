import { join } from "node:path";
import type { Logger } from "@openticket/runtime";
import type { NotifyConfig } from "./config.ts";
import { openFileTransport } from "./file-transport.ts";
import type { MailTransport } from "./mail-transport.ts";
import { makeMailWriter, writingConfigOf } from "./mail-writer.ts";
import { makeSmtpTransport } from "./smtp-transport.ts";
import { readTemplates } from "./templates.ts";

export interface TransportOptions {
  config: NotifyConfig & { TIME_ZONE?: string | undefined };
  /** Key of Message-IDs and loop tokens: the same in every worker, for ever. */
  tokenSecret: string;
  logger: Logger;
}

/** The way out for mails as configured: the relay when there is one, else files under the data directory. Throws `TemplateBroken`. */
export async function makeTransport({ config, tokenSecret, logger }: TransportOptions): Promise<MailTransport> {
  const writing = { config: writingConfigOf(config), tokenSecret, templates: await readTemplates(config.MAIL_TEMPLATE_DIR) };
  // Also where a thread will write: templates are tried before the first mail.
  const write = makeMailWriter(writing);
  if (config.SMTP_URL === undefined) {
    const directory = join(config.DATA_DIR, "sent");
    logger.warn({ directory, setting: "SMTP_URL" }, "no mail relay is configured: mails are written to files");
    return openFileTransport({ directory, write, logger });
  }
  return makeSmtpTransport({
    writing,
    url: config.SMTP_URL,
    maxConnections: config.MAIL_MAX_CONNECTIONS,
    maxMessagesPerConnection: config.MAIL_MAX_MESSAGES_PER_CONNECTION,
    maxPerSecond: config.MAIL_MAX_PER_SECOND,
    connectTimeoutMs: config.MAIL_CONNECT_TIMEOUT_MS,
    socketTimeoutMs: config.MAIL_SOCKET_TIMEOUT_MS,
    sendTimeoutMs: config.MAIL_SEND_TIMEOUT_MS,
    elapsedMs: () => performance.now(),
    logger,
  });
}
