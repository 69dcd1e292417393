import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Drain, Logger, Metrics } from "@openticket/runtime";
import { isStoreOutage, makeMongoMailFolders, type StoreConnection } from "@openticket/store";
import { type AccessTokens, makeSharedAccessTokens } from "./adapters/imap/access-token.ts";
import { connectFolder } from "./adapters/imap/connect-folder.ts";
import { type FollowDeps, type FollowOptions, followFolder } from "./adapters/imap/follow-folder.ts";
import type { ImportDeps } from "./adapters/imap/import-ports.ts";
import type { ImapFolder, OAuth2Secret } from "./adapters/imap/read-accounts.ts";
import { makeFolderReports } from "./adapters/imap/report.ts";
import { ImapFault, type MessageHead } from "./adapters/imap/session.ts";
import type { EmailConfig } from "./email-config.ts";
import { Overloaded } from "./intake/gate.ts";
import type { MailboxReader } from "./intake/ports.ts";
import { type ReceiveMailDeps, receiveMail } from "./intake/receive-mail.ts";

export interface ImapDeps extends ReceiveMailDeps {
  store: StoreConnection;
  mailboxes: MailboxReader;
  gate(): Promise<void>;
  logger: Logger;
  metrics: Metrics;
  drain: Drain;
}

/** Follows these folders of IMAP accounts, each by itself; stopping is a step of the drain. Wiring only. */
export function startImap(config: EmailConfig, folders: readonly ImapFolder[], deps: ImapDeps): void {
  const stop = new AbortController();
  const nowMs = () => performance.now();
  const holder = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  const reports = makeFolderReports({ ...deps, nowMs });
  const leases = makeMongoMailFolders(deps.store);
  const { IMAP_LEASE_MS: leaseMs, IMAP_SWEEP_MS: sweepMs, IMAP_SOCKET_TIMEOUT_MS: socketTimeoutMs } = config;
  const tokensOf = makeSharedAccessTokens({ nowMs });
  const following = folders.map((folder) => {
    const { key, since, maxBytes } = folder;
    const options: FollowOptions = {
      leaseMs,
      sweepMs,
      maxBytes,
      maxHops: config.SMTP_MAX_HOPS,
      source: { door: "imap" },
      wanted: since === "now" ? "new" : since,
    };
    const follow: FollowDeps = {
      ...importDeps(folder, deps),
      ...reports.of(folder),
      store: {
        take: () => leases.take(key, holder, leaseMs),
        renew: (token) => leases.renew(key, token, leaseMs),
        save: (token, progress, skipped) => leases.save(key, token, progress, skipped),
        release: (token) => leases.release(key, token),
      },
      connect: makeConnect(folder, socketTimeoutMs, tokensOf),
      random: Math.random,
      nowMs,
    };
    return followFolder(options, follow, stop.signal);
  });
  deps.drain.onDrain("imap", async () => {
    stop.abort();
    await Promise.all(following);
  });
}

function importDeps(folder: ImapFolder, deps: ImapDeps): Omit<ImportDeps, "save" | "report"> {
  const { mailbox } = folder;
  return {
    receive: (raw, delivery) => receiveMail(raw, delivery, deps),
    mailboxesOf: (message) => mailboxesOf(mailbox, message, deps.mailboxes),
    async gate() {
      await deps.gate();
      const address = mailbox.kind === "fixed" ? mailbox.address : mailbox.otherwise;
      if (address && !(await deps.mailboxes.find(address))) throw new Overloaded(`${address} is no department's address`);
    },
    isOutage: isStoreOutage,
    now: deps.now,
  };
}

async function mailboxesOf(mailbox: ImapFolder["mailbox"], { recipients }: MessageHead, mailboxes: MailboxReader) {
  if (mailbox.kind === "fixed") return [await only(mailbox.address, mailboxes)];
  const led = new Map<string, string[]>();
  for (const recipient of recipients) {
    const found = await mailboxes.find(recipient);
    if (found) led.set(found.address, [...(led.get(found.address) ?? []), recipient]);
  }
  if (led.size === 0 && mailbox.otherwise) return [await only(mailbox.otherwise, mailboxes)];
  return [...led].map(([address, envelopeTo]) => ({ address, envelopeTo }));
}

/** The gate has seen that it is there; one that went since then keeps its name. */
async function only(given: string, mailboxes: MailboxReader): Promise<{ address: string; envelopeTo: string[] }> {
  return { address: (await mailboxes.find(given))?.address ?? given, envelopeTo: [given] };
}

/** A token that the server does not take may have been withdrawn: one login more with a new one. */
function makeConnect(folder: ImapFolder, socketTimeoutMs: number, tokensOf: (secret: OAuth2Secret) => AccessTokens): FollowDeps["connect"] {
  const { secret } = folder;
  if (secret.kind === "password") return () => connectFolder(folder, { socketTimeoutMs, secret: { pass: secret.password } });
  const tokens = tokensOf(secret);
  const connect = (accessToken: string) => connectFolder(folder, { socketTimeoutMs, secret: { accessToken } });
  return async () => {
    const token = await tokens.get();
    return connect(token).catch(async (error: unknown) => {
      if (!(error instanceof ImapFault) || error.kind !== "login") throw error;
      tokens.forget(token);
      return connect(await tokens.get());
    });
  };
}
