import { ImapFlow, type ImapFlowError } from "imapflow";
import { makeFolderSession } from "./folder-session.ts";
import type { ImapFolder } from "./read-accounts.ts";
import { type FolderSession, ImapFault } from "./session.ts";

export interface ConnectOptions {
  /** A silent server is given up after this long, ms. */
  socketTimeoutMs: number;
  /** Password or access token. */
  secret: { pass: string } | { accessToken: string };
}

const MIB = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 20_000;
/** After the last command, so that two commands of one step are not parted by an IDLE, ms. */
const IDLE_AFTER_MS = 300;
/** Longest line of an answer, bytes: a list of a few million UIDs. */
const MAX_LINE_BYTES = 32 * MIB;
const MAX_TOKENS = 1_000_000;

/** Connects, logs in and opens the folder. Throws {@link ImapFault}. */
export async function connectFolder(folder: ImapFolder, { socketTimeoutMs, secret }: ConnectOptions): Promise<FolderSession> {
  const { host, port, tls, ca, user, maxBytes } = folder;
  const client = new ImapFlow({
    host,
    port,
    secure: tls === "implicit",
    doSTARTTLS: tls === "starttls",
    tls: { ca, minVersion: "TLSv1.2" },
    auth: { user, ...secret },
    // It would hold what is sent, passwords and people's mail.
    logger: false,
    disableCompression: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: socketTimeoutMs,
    autoIdleDelay: IDLE_AFTER_MS,
    maxLineLength: MAX_LINE_BYTES,
    // A server that ignores that a part was asked for sends the whole message.
    maxLiteralSize: maxBytes + MIB,
    maxResponseSize: maxBytes + MAX_LINE_BYTES,
    maxResponseTokens: MAX_TOKENS,
  });
  // Whoever waits for something is told by its own rejection.
  client.on("error", () => undefined);
  await client.connect().catch((error: unknown) => {
    client.close();
    throw faultOf(error);
  });
  return makeFolderSession(client, folder);
}

/** In words that hold neither the command nor what it was about. */
function faultOf(error: unknown): ImapFault {
  const { authenticationFailed, code, responseText, message }: Partial<ImapFlowError> = error instanceof Error ? error : {};
  if (authenticationFailed) return new ImapFault("login", `the server refuses the login: ${responseText ?? "no reason given"}`);
  return new ImapFault("connect", [code, message].filter(Boolean).join(": "));
}
