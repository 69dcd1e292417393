import { Readable } from "node:stream";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection, { type SMTPConnectionAuth, type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";

/**
 * Connections to a relay, kept from one mail to the next.
 *
 * Problem: nodemailer's pool takes each message apart and sends it through a row of streams, which costs five times what
 * the sending costs (ADR 6). Choice: its SMTP client alone, which is given the finished bytes.
 * Invariants: a connection carries one mail at a time; there are as many as there are mails in hand, which the caller
 * bounds. A connection that the relay closed while it was idle is replaced once without a word; whatever else breaks is the
 * caller's to try again, later.
 */
export interface RelayConnections {
  /** Hands on one finished message. Throws what nodemailer says of it; `code` EABORT: it took longer than it may. */
  send(envelope: { from: string; to: string }, raw: Buffer): Promise<void>;
  /** Closes them all; no mail is in hand. */
  close(): void;
}

export interface RelayConnectionsOptions {
  /** Relay, checked by `smtpUrlFault`. */
  url: string;
  /** STARTTLS or nothing. */
  mustUpgrade: boolean;
  maxMessagesPerConnection: number;
  /** For the connection, and again for the greeting. */
  connectTimeoutMs: number;
  /** For each silence of the relay. */
  socketTimeoutMs: number;
  /** For one mail in all: a relay that sends a byte now and then is never silent. */
  sendTimeoutMs: number;
}

/** Below the five minutes that a relay has to wait at least (RFC 5321, 4.5.3.2.7): we close, and no mail meets a closed door, ms. */
const IDLE_MS = 240_000;
/** "The service is not available and closes": the connection is no good any more. */
const CLOSING = 421;

/** See {@link RelayConnections}. */
export function makeRelayConnections(given: RelayConnectionsOptions): RelayConnections {
  const { auth, ...options } = settingsOf(given);
  const open = new Set<Connection>();
  const idle: Connection[] = [];

  function keep(connection: Connection): void {
    if (connection.mails >= given.maxMessagesPerConnection) return connection.close();
    connection.closeAfter(IDLE_MS);
    idle.push(connection);
  }
  function takeKept(): Connection | undefined {
    for (let kept = idle.pop(); kept; kept = idle.pop()) if (kept.isOpen()) return kept;
    return undefined;
  }
  function makeNew(): Connection {
    const connection = makeConnection(options, () => open.delete(connection));
    open.add(connection);
    return connection;
  }

  return {
    async send(envelope, raw) {
      let connection = takeKept();
      const isKept = connection !== undefined;
      connection ??= makeNew();
      const timer = setTimeout(() => connection?.abort(tooLate()), given.sendTimeoutMs);
      const message = new Message(raw);
      try {
        if (!isKept) await connection.connect(auth);
        await connection.send(envelope, message).catch(async (error: unknown) => {
          const wasClosedIdle = isKept && !connection?.isOpen() && !message.isBegun && !isTooLate(error);
          if (!wasClosedIdle) throw error;
          connection = makeNew();
          await connection.connect(auth);
          await connection.send(envelope, new Message(raw));
        });
      } catch (error) {
        await (isAboutMail(error) ? connection.reset() : Promise.reject(error)).then(
          () => connection && keep(connection),
          () => connection?.close(),
        );
        throw error;
      } finally {
        clearTimeout(timer);
      }
      keep(connection);
    },
    close() {
      for (const connection of open) connection.close();
    },
  };
}

function settingsOf(given: RelayConnectionsOptions): SMTPConnectionOptions & { auth?: SMTPConnectionAuth } {
  const { auth, ...address } = parseConnectionUrl(given.url);
  return {
    ...address,
    ...(given.mustUpgrade && { requireTLS: true }),
    connectionTimeout: given.connectTimeoutMs,
    greetingTimeout: given.connectTimeoutMs,
    dnsTimeout: given.connectTimeoutMs,
    socketTimeout: given.socketTimeoutMs,
    ...(auth && { auth: { user: auth.user, credentials: auth } }),
  };
}

interface Connection {
  /** That it has carried. */
  readonly mails: number;
  isOpen(): boolean;
  /** Connects, and says who we are where that is wanted. */
  connect(auth: SMTPConnectionAuth | undefined): Promise<void>;
  send(envelope: { from: string; to: string }, message: Message): Promise<void>;
  /** Forgets a mail that was refused. */
  reset(): Promise<void>;
  /** Closes it when nothing is sent over it for so long, ms. */
  closeAfter(idleMs: number): void;
  /** Closes it; what is under way fails with that error. */
  abort(error: Error): void;
  close(): void;
}

type Done = (error?: Error | null) => void;

function makeConnection(options: SMTPConnectionOptions, onEnd: () => void): Connection {
  const smtp = new SMTPConnection(options);
  let mails = 0;
  let isOpen = true;
  let idleTimer: NodeJS.Timeout | undefined;
  let fail: (error: Error) => void = () => undefined;
  smtp.on("error", (error: Error) => fail(error));
  smtp.once("end", () => {
    isOpen = false;
    clearTimeout(idleTimer);
    onEnd();
    // What was under way hears of its own error first, where there is one.
    queueMicrotask(() => fail(closed()));
  });
  const step = (work: (done: Done) => void) =>
    new Promise<void>((resolve, reject) => {
      fail = reject;
      work((error) => (error ? reject(error) : resolve()));
    });
  const login = (auth: SMTPConnectionAuth | undefined) => (auth && smtp.allowsAuth ? step((done) => smtp.login(auth, done)) : undefined);
  return {
    get mails() {
      return mails;
    },
    isOpen: () => isOpen,
    connect: (auth) => step((done) => smtp.connect(done)).then(() => login(auth)),
    send({ from, to }, message) {
      clearTimeout(idleTimer);
      mails++;
      return step((done) => smtp.send({ from, to: [to], size: message.size }, message, done));
    },
    reset: () => step((done) => smtp.reset(done)),
    closeAfter(idleMs) {
      idleTimer = setTimeout(() => smtp.quit(), idleMs).unref();
    },
    abort(error) {
      fail(error);
      smtp.close();
    },
    close: () => smtp.close(),
  };
}

/** A finished message that knows whether any of it was asked for. */
class Message extends Readable {
  readonly size: number;
  readonly #raw: Buffer;
  isBegun = false;

  constructor(raw: Buffer) {
    super();
    this.#raw = raw;
    this.size = raw.length;
  }

  override _read(): void {
    this.isBegun = true;
    this.push(this.#raw);
    this.push(null);
  }
}

/** True when the relay refused this mail and goes on with the next one. */
function isAboutMail(error: unknown): boolean {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return (code === "EENVELOPE" || code === "EMESSAGE") && responseCode !== CLOSING;
}

const TOO_LATE = "EABORT";
const tooLate = () => Object.assign(new Error("The relay took too long"), { code: TOO_LATE });
const isTooLate = (error: unknown) => (error as { code?: unknown }).code === TOO_LATE;
const closed = () => Object.assign(new Error("The relay closed the connection"), { code: "ECONNECTION" });
