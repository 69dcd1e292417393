import { hostname } from "node:os";
import { ConfigError, type Drain, type Logger, type Metrics, makeNetworks, type ReadinessCheck } from "@openticket/runtime";
import {
  connectStore,
  hashSecret,
  isStoreOutage,
  makeMongoBlobStore,
  makeMongoCredentialStore,
  makeMongoInbound,
  makeMongoMailboxes,
  makeStoreClock,
  verifySecret,
} from "@openticket/store";
import type { DialogueDeps } from "./adapters/email/dialogue.ts";
import { listenForMail } from "./adapters/email/listen.ts";
import { type MailDoorOptions, makeMailDoor } from "./adapters/email/mail-door.ts";
import { makePeerLimits } from "./adapters/email/peer-limits.ts";
import { readCertificate } from "./adapters/email/read-certificate.ts";
import { readImapAccounts } from "./adapters/imap/read-accounts.ts";
import type { EmailConfig } from "./email-config.ts";
import { withEnvCredentials } from "./intake/env-credentials.ts";
import { makeGate } from "./intake/gate.ts";
import { makeCommandQueue } from "./queue/command-queue.ts";
import { startImap } from "./start-imap.ts";
import { readVitals } from "./vitals.ts";

/** A door answers 451 quickly rather than wait for a store to come back, ms. */
const STORE_PATIENCE_MS = 2000;

export interface EmailDoor {
  /** Where it listens, such as `smtp://127.0.0.1:2525`. */
  urls: string[];
  checks: ReadinessCheck[];
}

/** Starts the SMTP door, and those with TLS and LMTP where they are asked for; stopping is a step of the drain. Wiring only. */
export async function startEmail(config: EmailConfig, { logger, drain, metrics }: { logger: Logger; drain: Drain; metrics: Metrics }): Promise<EmailDoor> {
  const tls = await readCertificate({ cert: config.SMTP_TLS_CERT, key: config.SMTP_TLS_KEY });
  checkTls(config, tls !== undefined);
  const imapFolders = await readImapAccounts({
    file: config.IMAP_ACCOUNTS_FILE,
    urls: config.IMAP_URLS,
    env: process.env,
    maxBytes: config.SMTP_MAX_MESSAGE_BYTES,
  });
  const store = await connectStore({
    url: config.MONGODB_URL,
    appName: "openticket-email",
    serverSelectionTimeoutMs: STORE_PATIENCE_MS,
    queuePrefix: config.QUEUE_PREFIX,
    onSlowIndexes: () => logger.warn("indexes are being built, the start waits for them"),
  });
  drain.onDrain("email store", () => store.close());
  const queue = makeCommandQueue({ redisUrl: config.REDIS_URL, prefix: config.QUEUE_PREFIX, ownerName: "email", logger });
  drain.onDrain("email queue", () => queue.close());
  const clock = await makeStoreClock(store);
  drain.onDrain("email clock", () => clock.close());
  const { now } = clock;
  const isRelay = makeNetworks([...config.SMTP_RELAYS, ...config.SMTP_XCLIENT_HOSTS]);
  const limits = makePeerLimits(limitsOf(config), { isExempt: (ip) => ip === "" || isRelay(ip), nowMs: () => performance.now() });
  metrics.gauge("mail_connections", "Open connections of the email doors", limits.open);
  const deps: DialogueDeps = {
    blobs: makeMongoBlobStore(store),
    inbound: makeMongoInbound(store, { now }),
    mailboxes: makeMongoMailboxes(store),
    submit: (command) => queue.submitMail(command),
    sameMail: config.MAIL_SAME_MAIL,
    now,
    onNotEnqueued: (inboundId, err) => logger.warn({ inboundId, err }, "message stored, but not enqueued yet"),
    gate: makeGate({ read: () => readVitals(queue, store), maxQueueDepth: config.SMTP_MAX_QUEUE_DEPTH, nowMs: () => performance.now() }),
    credentials: withEnvCredentials(makeMongoCredentialStore(store), { pairs: config.API_CREDENTIALS, admin: config.API_CREDENTIALS_ADMIN }, hashSecret),
    verifySecret,
    isAllowedFrom: (ranges, ip) => ranges.length === 0 || makeNetworks(ranges)(ip),
    limits,
    isOutage: isStoreOutage,
    logger,
    metrics,
  };
  const smtp = doorOptions(config, tls);
  const lmtp: MailDoorOptions = { ...smtp, protocol: "lmtp", auth: "off", proxyHosts: [], xclientHosts: [] };
  const { SMTP_HOST: host, LMTP_HOST, LMTP_PORT, LMTP_SOCKET, SMTPS_PORT } = config;
  const listening = await listenForMail([
    { door: makeMailDoor(smtp, deps), scheme: "smtp", host, port: config.SMTP_PORT, setting: "SMTP_PORT", hostSetting: "SMTP_HOST" },
    ...(SMTPS_PORT === undefined
      ? []
      : [{ door: makeMailDoor({ ...smtp, isSecure: true }, deps), scheme: "smtps", host, port: SMTPS_PORT, setting: "SMTPS_PORT", hostSetting: "SMTP_HOST" }]),
    ...(LMTP_PORT === undefined
      ? []
      : [{ door: makeMailDoor(lmtp, deps), scheme: "lmtp", host: LMTP_HOST, port: LMTP_PORT, setting: "LMTP_PORT", hostSetting: "LMTP_HOST" }]),
    ...(LMTP_SOCKET === undefined ? [] : [{ door: makeMailDoor(lmtp, deps), scheme: "lmtp", path: LMTP_SOCKET, setting: "LMTP_SOCKET" }]),
  ]);
  drain.onDrain("email", () => listening.stop());
  if (imapFolders.length > 0) startImap(config, imapFolders, { ...deps, store, drain });
  return {
    urls: listening.urls,
    checks: [
      { name: "mongodb", check: () => store.ping() },
      { name: "redis", check: () => queue.ping() },
    ],
  };
}

function checkTls({ SMTP_AUTH, SMTPS_PORT }: EmailConfig, hasCertificate: boolean): void {
  if (hasCertificate) return;
  const wanting = SMTP_AUTH !== "off" ? "SMTP_AUTH" : SMTPS_PORT !== undefined ? "SMTPS_PORT" : undefined;
  if (wanting) throw new ConfigError(`The configuration is wrong:\n  ${wanting}: it needs a certificate; set SMTP_TLS_CERT and SMTP_TLS_KEY`);
}

function doorOptions(config: EmailConfig, tls: MailDoorOptions["tls"]): MailDoorOptions {
  return {
    protocol: "smtp",
    name: config.SMTP_NAME ?? hostname(),
    isSecure: false,
    tls,
    auth: config.SMTP_AUTH,
    proxyHosts: config.SMTP_PROXY_HOSTS,
    xclientHosts: config.SMTP_XCLIENT_HOSTS,
    maxBytes: config.SMTP_MAX_MESSAGE_BYTES,
    maxHops: config.SMTP_MAX_HOPS,
    maxConnections: config.SMTP_MAX_CONNECTIONS,
    maxRecipients: config.SMTP_MAX_RECIPIENTS,
    idleTimeoutMs: config.SMTP_IDLE_TIMEOUT_MS,
    sessionTimeoutMs: config.SMTP_SESSION_TIMEOUT_MS,
    timeoutMs: config.SMTP_MESSAGE_TIMEOUT_MS,
    minBytesPerSecond: config.SMTP_MIN_BYTES_PER_SECOND,
  };
}

function limitsOf(config: EmailConfig) {
  return {
    connections: config.SMTP_CONNECTIONS_PER_IP,
    connectionsPerMinute: config.SMTP_CONNECTIONS_PER_MINUTE,
    messagesPerMinute: config.SMTP_MESSAGES_PER_MINUTE,
    failedLoginsPerMinute: config.SMTP_FAILED_LOGINS_PER_MINUTE,
  };
}
