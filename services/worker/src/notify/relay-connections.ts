import { Readable, type Transform } from "node:stream";
import { parseConnectionUrl } from "nodemailer/lib/shared";
import SMTPConnection, { type SMTPConnectionAuth, type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import { mustUpgrade } from "./smtp-url.ts";

/**
 * Connections to a relay, kept from one mail to the next.
 *
 * Problem: nodemailer's pool takes each message apart and sends it through a row of streams, which costs five times what
 * the sending costs (ADR 6). Choice: its SMTP client alone, which is given the finished bytes.
 * Invariants: a connection carries one mail at a time; there are as many as there are mails in hand, which the caller
 * bounds. One that is idle for the socket's time-out is closed; one that the relay closed while it was idle is replaced once
 * without a word. Whatever else breaks is the caller's to try again, later.
 */
export interface RelayConnections {
  /**
   * Hands on one finished message, for which there are so many ms. Throws what nodemailer says of it; `code` EABORT: it took
   * longer than that.
   */
  send(envelope: Envelope, bytes: Buffer, leftMs: number): Promise<void>;
}

/** `from` is "" for the null sender. */
export interface Envelope {
  from: string;
  to: string;
}

export interface RelayConnectionsOptions {
  /** Relay, checked by `smtpUrlFault`. */
  url: string;
  maxMessagesPerConnection: number;
  /** For the connection, and again for the greeting. */
  connectTimeoutMs: number;
  /** For each silence of the relay. */
  socketTimeoutMs: number;
}

/** See {@link RelayConnections}. */
export function makeRelayConnections(given: RelayConnectionsOptions): RelayConnections {
  const { auth, ...options } = settingsOf(given);
  const idle: Connection[] = [];

  async function connected(turn: Turn): Promise<Connection> {
    const connection = makeConnection(options);
    turn.connection = connection;
    await connection.connect(auth);
    return connection;
  }

  function takeIdle(): Connection | undefined {
    for (let kept = idle.pop(); kept; kept = idle.pop()) if (kept.isOpen()) return kept;
    return undefined;
  }

  function keep(connection: Connection): void {
    if (connection.mails >= given.maxMessagesPerConnection) connection.close();
    else idle.push(connection);
  }

  /** Over a connection that is kept, when the relay has not closed it meanwhile; else over a new one. */
  async function sendOver(turn: Turn, envelope: Envelope, bytes: Buffer): Promise<void> {
    const kept = takeIdle();
    if (kept) {
      turn.connection = kept;
      const content = new Content(bytes);
      try {
        return await kept.send(envelope, content);
      } catch (error) {
        if (content.hasBegun || turn.isLate || isRefused(error)) throw error;
        kept.close();
      }
    }
    await (await connected(turn)).send(envelope, new Content(bytes));
  }

  return {
    async send(envelope, bytes, leftMs) {
      const turn: Turn = { isLate: false };
      const timer = setTimeout(() => {
        turn.isLate = true;
        turn.connection?.abort(Object.assign(new Error("The relay took too long"), { code: "EABORT" }));
      }, leftMs);
      try {
        await sendOver(turn, envelope, bytes);
      } catch (error) {
        if (isRefused(error)) await turn.connection?.reset().catch(() => turn.connection?.close());
        else turn.connection?.close();
        throw error;
      } finally {
        clearTimeout(timer);
        if (turn.connection?.isOpen()) keep(turn.connection);
      }
    },
  };
}

/** A message that knows how far it was sent. nodemailer asks for it once the relay wants it, by piping it on. */
class Content extends Readable {
  private destination: Readable | undefined;

  constructor(readonly bytes: Buffer) {
    super();
  }

  get hasBegun(): boolean {
    return this.destination !== undefined;
  }

  /** The connection has all of it. */
  get isOver(): boolean {
    return this.destination?.readableEnded === true;
  }

  /** All at once: the steps of a stream would cost as much as the rest of the sending. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    // It is nodemailer's transformation to what travels.
    this.destination = destination as unknown as Transform;
    destination.end(this.bytes);
    return destination;
  }
}

/** One mail's way: the connection that it is on, and whether it has taken too long. */
interface Turn {
  connection?: Connection;
  isLate: boolean;
}

function settingsOf(given: RelayConnectionsOptions): SMTPConnectionOptions & { auth?: SMTPConnectionAuth } {
  const { auth, ...address } = parseConnectionUrl(given.url);
  return {
    ...address,
    ...(mustUpgrade(given.url) && { requireTLS: true }),
    connectionTimeout: given.connectTimeoutMs,
    greetingTimeout: given.connectTimeoutMs,
    dnsTimeout: given.connectTimeoutMs,
    socketTimeout: given.socketTimeoutMs,
    socketCloseTimeout: CLOSE_TIMEOUT_MS,
    ...(auth && { auth: { user: auth.user, credentials: auth } }),
  };
}

/** How long the relay has to close its side of a connection that is closed here, ms. */
const CLOSE_TIMEOUT_MS = 500;

interface Connection {
  /** That it has carried. */
  readonly mails: number;
  isOpen(): boolean;
  /** Connects, and says who we are where that is wanted. */
  connect(auth: SMTPConnectionAuth | undefined): Promise<void>;
  send(envelope: Envelope, content: Content): Promise<void>;
  /** Forgets a mail that was refused. */
  reset(): Promise<void>;
  /** Closes it; what is under way fails with that error. */
  abort(error: Error): void;
  close(): void;
}

function makeConnection(options: SMTPConnectionOptions): Connection {
  const smtp = new SMTPConnection(options);
  let mails = 0;
  let isOpen = true;
  let takesAnyLetters = false;
  let fail: (error: Error) => void = () => undefined;
  smtp.on("error", (error: Error) => fail(error));
  smtp.once("end", () => {
    isOpen = false;
    // What was under way hears of its own error first, where there is one.
    queueMicrotask(() => fail(closed()));
  });
  const step = (work: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      fail = reject;
      work((error) => (error ? reject(error) : resolve()));
    });
  return {
    get mails() {
      return mails;
    },
    isOpen: () => isOpen,
    async connect(auth) {
      await step((done) => smtp.connect(done));
      takesAnyLetters = SMTPUTF8.test(String(smtp.lastServerResponse));
      if (auth && smtp.allowsAuth) await step((done) => smtp.login(auth, done));
    },
    async send({ from, to }, content) {
      mails++;
      if (BEYOND_ASCII.test(to) && !takesAnyLetters) throw beyondAscii();
      await step((done) => smtp.send({ from, to: [to], size: content.bytes.length }, content, done));
      // The next mail would go out in the middle of this one.
      if (!content.isOver) throw outOfStep();
    },
    reset: () => step((done) => smtp.reset(done)),
    abort(error) {
      fail(error);
      smtp.close();
    },
    close: () => smtp.close(),
  };
}

/** An address whose letters are beyond ASCII, its domain being in ASCII already (RFC 6531); and the relay's word that it takes one. */
const BEYOND_ASCII = /[^\0-\x7f]/;
const SMTPUTF8 = /^250[ -]SMTPUTF8\b/im;

/** As nodemailer says of a recipient that cannot be sent to. */
const beyondAscii = () =>
  Object.assign(new Error("The recipient's address has letters beyond ASCII, and the relay does not offer SMTPUTF8"), { code: "EENVELOPE", command: "API" });

/** "The service is not available and closes": that is about the connection. */
const CLOSING = 421;

/** True when the relay refused this mail before any of its content, and goes on with the next one. */
function isRefused(error: unknown): boolean {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return code === "EENVELOPE" && responseCode !== CLOSING;
}

const outOfStep = () => Object.assign(new Error("The relay answered before it had the whole message"), { code: "EPROTOCOL" });

const closed = () => Object.assign(new Error("The relay closed the connection"), { code: "ECONNECTION" });
