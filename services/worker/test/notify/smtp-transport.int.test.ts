import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeLogger } from "@openticket/runtime";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import type { MailTransport } from "../../src/notify/mail-transport.ts";
import { makeNotifier } from "../../src/notify/notifier.ts";
import { makeRelayConnections } from "../../src/notify/relay-connections.ts";
import { sortSmtpFault } from "../../src/notify/smtp-faults.ts";
import { makeTransport } from "../../src/notify/transport.ts";
import { config, depsWith, letter, owed, SECRET, ticket, written } from "./build.ts";

/** What the sender's time limits are in tests that are about none, ms: a busy machine does not come near. */
const PATIENT_MS = 40_000;
/** Below this, ms, no such limit has ended it. */
const FAR_BELOW_MS = PATIENT_MS / 2;

type ServerOptions = NonNullable<ConstructorParameters<typeof SMTPServer>[0]>;

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Received {
  from: string;
  to: string[];
  raw: Buffer;
  isSecure: boolean;
  user: string | undefined;
}

/** A relay on this machine that keeps what it gets. Without options: plain, no credentials. */
async function relay(options: ServerOptions = {}) {
  const received: Received[] = [];
  let connections = 0;
  let open = 0;
  let mostOpen = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.secure || options.onAuth ? [] : ["STARTTLS"],
    logger: false,
    closeTimeout: 100,
    disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks),
          isSecure: session.secure,
          user: session.user ? String(session.user) : undefined,
        });
        done();
      });
    },
    ...options,
    onConnect(session, done) {
      connections += 1;
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      if (options.onConnect) return options.onConnect.call(server, session, done);
      done();
    },
    onClose() {
      open -= 1;
    },
  });
  server.on("error", () => {});
  const port = await listening(server.listen(0, "127.0.0.1"));
  closers.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return { received, port, counts: () => ({ connections, mostOpen, open }) };
}

/** A server that does with each connection what it is told. */
async function crudeServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  const port = await listening(server.listen(0, "127.0.0.1"));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port };
}

async function listening(server: Server): Promise<number> {
  if (!server.listening) await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

async function sender(url: string, env: Record<string, string> = {}, level = "info") {
  const lines: string[] = [];
  const logger = makeLogger({ name: "test", level, destination: { write: (line: string) => void lines.push(line) } });
  const patient = String(PATIENT_MS);
  const limits = { MAIL_CONNECT_TIMEOUT_MS: patient, MAIL_SOCKET_TIMEOUT_MS: patient, MAIL_SEND_TIMEOUT_MS: patient };
  const settings = config({ SMTP_URL: url, ...limits, ...env });
  const transport: MailTransport = await makeTransport({ config: settings, tokenSecret: SECRET, logger });
  const notifier = makeNotifier(depsWith({ transport }));
  closers.push(
    () => transport.close(),
    () => notifier.close(),
  );
  return { transport, notifier, lines, send: (n = 1) => notifier.deliver(ticket({ _id: `req_${n}`, id: n }), owed()) };
}

/** A relay, and a sender whose mails to openers have that text. */
async function ownTemplate(source: string, env: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "templates-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "ticket-opened.text.eta"), source);
  const { received, port } = await relay();
  return { directory, received, ...(await sender(`smtp://127.0.0.1:${port}`, { MAIL_TEMPLATE_DIR: directory, ...env })) };
}

const SELF_SIGNED = "tls.rejectUnauthorized=false";
const asks =
  (accepted: string): NonNullable<ServerOptions["onAuth"]> =>
  (auth, _session, done) =>
    auth.password === accepted ? done(null, { user: auth.username ?? "" }) : done(new Error("Invalid login for ada@example.com"));

describe("a relay gets the mail", () => {
  it("and each mail is a line of the log at debug, without an address", async () => {
    const { port } = await relay();
    const { send, lines } = await sender(`smtp://127.0.0.1:${port}`, {}, "debug");
    await send(7);
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === "mail handed to the relay");
    expect(line).toMatchObject({ level: 20, ticketId: 7, requestId: "req_1", template: "ticket-opened", messageId: expect.stringMatching(/^<ot\.7\./) });
    expect(line.bytes).toBeGreaterThan(1000);
    expect(lines.join("")).not.toMatch(/ada@|Printer|KPqH7yG3|Lovelace/);
  });

  it("over a plain connection: the very bytes that a file would hold, from the department", async () => {
    const { received, port } = await relay();
    const { notifier } = await sender(`smtp://127.0.0.1:${port}`);
    await notifier.deliver(ticket({ message: ".\n.leading dots\nFrom here" }), owed());
    const { mail } = await written({ message: ".\n.leading dots\nFrom here" });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ from: "sales@example.com", to: ["ada@example.com"], isSecure: false });
    expect(received[0]?.raw.toString().trimEnd()).toBe(mail.raw.trimEnd());
    expect((await simpleParser(received[0]?.raw ?? "")).text).toContain(".\n.leading dots\nFrom here");
  });

  it("from the configured bounce address, to an address in any script", async () => {
    const { received, port } = await relay();
    const { notifier } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_BOUNCE_ADDRESS: "bounces@example.com" });
    await notifier.deliver(ticket(), owed("ticket-opened", { name: "J", email: "jürgen@bücher.example" }));
    expect(received[0]).toMatchObject({ from: "bounces@example.com", to: ["jürgen@bücher.example"] });
  });

  it("from the null sender when that is configured", async () => {
    const { received, port } = await relay();
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_BOUNCE_ADDRESS: "<>" });
    await send();
    expect(received[0]).toMatchObject({ from: "", to: ["ada@example.com"] });
  });

  it("over STARTTLS, whose self-signed certificate counts only when that is configured", async () => {
    const { received, port } = await relay({ onAuth: asks("x") });
    const strict = await sender(`smtp://127.0.0.1:${port}`);
    await expect(strict.send()).rejects.toMatchObject({ name: "MailDelayed", because: "configuration" });
    const { send } = await sender(`smtp://127.0.0.1:${port}?${SELF_SIGNED}`);
    await send();
    expect(received).toMatchObject([{ isSecure: true }]);
  });

  it("over implicit TLS, likewise", async () => {
    const { received, port } = await relay({ secure: true });
    const strict = await sender(`smtps://127.0.0.1:${port}`);
    await expect(strict.send()).rejects.toMatchObject({ because: "configuration" });
    const { send } = await sender(`smtps://127.0.0.1:${port}?${SELF_SIGNED}`);
    await send();
    expect(received).toMatchObject([{ isSecure: true }]);
  });

  it("with the credentials of the URL", async () => {
    const { received, port } = await relay({ authOptional: false, onAuth: asks("p@ss/word") });
    const { send } = await sender(`smtp://robot:p%40ss%2Fword@127.0.0.1:${port}?requireTLS=true&${SELF_SIGNED}`);
    await send();
    expect(received).toMatchObject([{ user: "robot", isSecure: true }]);
  });

  it("never unencrypted when encryption is required", async () => {
    const { received, port } = await relay();
    const { send } = await sender(`smtp://robot:secret@127.0.0.1:${port}?requireTLS=true`);
    await expect(send()).rejects.toMatchObject({ because: "configuration" });
    expect(received).toEqual([]);
  });
});

const answering = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });

describe("a relay that refuses", () => {
  it("the recipient for good makes the mail rejected, and the connection goes on", async () => {
    const { received, port, counts } = await relay({
      onRcptTo: ({ address }, _session, done) => (address === "ada@example.com" ? done(answering(550, "5.1.1 <ada@example.com> unknown")) : done()),
    });
    const { notifier, send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_MAX_CONNECTIONS: "1" });
    await expect(send()).rejects.toMatchObject({ name: "MailRejected", message: expect.not.stringContaining("ada@") });
    await notifier.deliver(ticket(), owed("ticket-opened", { name: "B", email: "bob@example.com" }));
    expect(received.map(({ to }) => to)).toEqual([["bob@example.com"]]);
    expect(counts().connections).toBe(1);
  });

  it("addresses of other letters than ASCII's makes the mail to one rejected, says nothing of it, and the connection goes on", async () => {
    const { received, port, counts } = await relay({ hideSMTPUTF8: true });
    const { notifier, send } = await sender(`smtp://127.0.0.1:${port}`);
    const tried = notifier.deliver(ticket(), owed("ticket-opened", { name: "J", email: "jürgen@bücher.example" }));
    await expect(tried).rejects.toMatchObject({ name: "MailRejected", message: expect.stringContaining("SMTPUTF8") });
    await notifier.deliver(ticket(), owed("ticket-opened", { name: "J", email: "j@bücher.example" }));
    await send();
    expect(received.map(({ to }) => to)).toEqual([["j@bücher.example"], ["ada@example.com"]]);
    expect(counts().connections).toBe(1);
  });

  it("the message for good makes the mail rejected", async () => {
    const { port } = await relay({ onData: (stream, _session, done) => void stream.on("end", () => done(answering(554, "5.7.1 no"))).resume() });
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await expect(send()).rejects.toMatchObject({ name: "MailRejected" });
  });

  it("a message above its size limit makes the mail rejected before it is sent", async () => {
    const { port, received } = await relay({ size: 500 });
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await expect(send()).rejects.toMatchObject({ name: "MailRejected" });
    expect(received).toEqual([]);
  });

  it("for now delays the mail", async () => {
    const { port } = await relay({ onRcptTo: (_address, _session, done) => done(answering(451, "4.7.1 greylisted")) });
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await expect(send()).rejects.toMatchObject({ name: "MailDelayed", because: "relay" });
  });

  it("our sender or credentials delays the mail and is said loudly, once, without secrets", async () => {
    const refusing = await relay({ onMailFrom: (_address, _session, done) => done(answering(550, "5.7.1 null sender not allowed")) });
    const bySender = await sender(`smtp://127.0.0.1:${refusing.port}`);
    const asking = await relay({ authOptional: false, onAuth: asks("right") });
    const byPassword = await sender(`smtp://robot:hunter2@127.0.0.1:${asking.port}?${SELF_SIGNED}`);
    for (const { send, lines } of [bySender, byPassword]) {
      for (const n of [1, 2, 3]) await expect(send(n)).rejects.toMatchObject({ name: "MailDelayed", because: "configuration" });
      const loud = lines.filter((line) => JSON.parse(line).level === 50);
      expect(loud).toHaveLength(1);
      expect(lines.join("")).not.toMatch(/hunter2|ada@example/);
    }
  });
});

describe("a relay in trouble", () => {
  const TEMPORARY = { name: "MailDelayed", because: "relay" };

  it("that is not there delays the mail", async () => {
    const { port } = await crudeServer(() => {});
    await closers.pop()?.();
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await expect(send()).rejects.toMatchObject(TEMPORARY);
  });

  it("that drops the connection at once delays the mail", async () => {
    const { port } = await crudeServer((socket) => socket.destroy());
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await expect(send()).rejects.toMatchObject(TEMPORARY);
  });

  it("that drops the connection in the middle of the message delays it, and it is sent whole the next time", async () => {
    let drops = 1;
    const { received, port } = await relay({
      onData(stream, session, done) {
        stream.resume();
        stream.on("end", () => {
          if (drops-- > 0) return void sockets.at(-1)?.destroy();
          received.push({ from: "", to: session.envelope.rcptTo.map(({ address }) => address), raw: Buffer.alloc(0), isSecure: false, user: undefined });
          done();
        });
      },
    });
    const sockets: Socket[] = [];
    const proxy = await crudeServer((socket) => {
      sockets.push(socket);
      connectThrough(socket, port);
    });
    const { send } = await sender(`smtp://127.0.0.1:${proxy.port}`);
    await expect(send()).rejects.toMatchObject(TEMPORARY);
    await send();
    expect(received).toHaveLength(1);
  });

  it("that answers before it has the message delays the mail, and the connection is not used again", async () => {
    const heard: string[] = [];
    let opened = 0;
    const { port } = await crudeServer((socket) => {
      const isFirst = ++opened === 1;
      socket.write("220 here\r\n");
      socket.on("data", (data) => {
        const said = data.toString("latin1");
        heard.push(said.slice(0, 4));
        if (said.startsWith("EHLO")) socket.write("250 here\r\n");
        else if (!said.startsWith("DATA")) socket.write("250 yes\r\n");
        // The content is never read.
        else if (isFirst) socket.pause().write("354 go\r\n250 taken\r\n");
        else socket.destroy();
      });
    });
    const limits = { maxMessagesPerConnection: 100, connectTimeoutMs: PATIENT_MS, socketTimeoutMs: PATIENT_MS };
    const connections = makeRelayConnections({ url: `smtp://127.0.0.1:${port}`, ...limits });
    const send = async (raw: Buffer) => {
      await connections.send({ from: "", to: "ada@example.com" }, raw, PATIENT_MS).catch((error: unknown) => Promise.reject(sortSmtpFault(error)));
    };
    // More than the sockets' buffers hold.
    const large = Buffer.alloc(32_000_000, "a line\r\n");
    const outOfStep = { ...TEMPORARY, message: expect.stringContaining("before it had the whole message") };
    await expect(send(large)).rejects.toMatchObject(outOfStep);
    await expect(send(Buffer.from("a line\r\n"))).rejects.toMatchObject(TEMPORARY);
    expect(opened).toBe(2);
    expect(heard.filter((command) => command === "MAIL")).toHaveLength(2);
  });

  it.each([
    ["never greets", () => {}],
    ["falls silent after its greeting", (socket: Socket) => void socket.write("220 here\r\n")],
  ])("that %s delays the mail within its time-outs", async (_, behave) => {
    const { port } = await crudeServer(behave);
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_CONNECT_TIMEOUT_MS: "150", MAIL_SOCKET_TIMEOUT_MS: "150" });
    const startedAt = performance.now();
    await expect(send()).rejects.toMatchObject(TEMPORARY);
    expect(performance.now() - startedAt).toBeLessThan(FAR_BELOW_MS);
  });

  it("that trickles, and so is never silent, delays the mail at the deadline", async () => {
    const { port } = await crudeServer((socket) => {
      socket.write("220 here\r\n");
      const timer = setInterval(() => socket.write("250-more\r\n"), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_SEND_TIMEOUT_MS: "1000" });
    const startedAt = performance.now();
    await expect(send()).rejects.toMatchObject({ ...TEMPORARY, message: "The relay took too long" });
    expect(performance.now() - startedAt).toBeLessThan(FAR_BELOW_MS);
  });

  it("that has closed an idle connection is no trouble at all", async () => {
    const { received, port } = await relay();
    const sockets: Socket[] = [];
    const proxy = await crudeServer((socket) => {
      sockets.push(socket);
      connectThrough(socket, port);
    });
    const { send } = await sender(`smtp://127.0.0.1:${proxy.port}`, { MAIL_MAX_CONNECTIONS: "1" });
    await send(1);
    sockets[0]?.destroy();
    await send(2);
    expect(received).toHaveLength(2);
    expect(sockets).toHaveLength(2);
  });
});

describe("a connection", () => {
  it("that was idle for the time of a silence is closed, and the next mail takes another", async () => {
    const { received, port, counts } = await relay();
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_SOCKET_TIMEOUT_MS: "1500" });
    await send(1);
    await send(2);
    expect(counts()).toMatchObject({ connections: 1, open: 1 });
    await until("it to be closed", () => counts().open === 0);
    await send(3);
    expect([received.length, counts().connections]).toEqual([3, 2]);
  });

  it("that the relay leaves with 421 is replaced for the mail that meets it, once", async () => {
    let refusals = 1;
    const { received, port, counts } = await relay({
      onMailFrom: (_address, _session, done) => (received.length === 1 && refusals-- > 0 ? done(answering(421, "4.3.2 shutting down")) : done()),
    });
    const { send } = await sender(`smtp://127.0.0.1:${port}`);
    await send(1);
    await send(2);
    expect([received.length, counts().connections]).toEqual([2, 2]);
  });

  it("is not opened any more once all are closed", async () => {
    const { port, received } = await relay();
    const logger = makeLogger({ name: "test", level: "silent" });
    const transport = await makeTransport({ config: config({ SMTP_URL: `smtp://127.0.0.1:${port}` }), tokenSecret: SECRET, logger });
    await transport.send(letter());
    await transport.close();
    await expect(transport.send(letter())).rejects.toMatchObject({ name: "MailDelayed", because: "relay" });
    expect(received).toHaveLength(1);
  });
});

describe("templates of one's own", () => {
  it("that fail with one ticket delay that mail alone, which is said loudly with the reason", async () => {
    const source = "<% if (it.ticket.id === 13) throw new Error('unlucky ada@example.com') %>Ticket <%= it.ticket.id %>";
    const { received, send, lines } = await ownTemplate(source);
    const outcomes = await Promise.allSettled([send(12), send(13), send(14)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const [, unlucky] = outcomes as PromiseRejectedResult[];
    const message = expect.stringMatching(/ticket-opened could not be written.*unlucky/s);
    expect(unlucky?.reason).toMatchObject({ name: "MailDelayed", because: "writing", message });
    expect(received).toHaveLength(2);
    const loud = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
    expect(loud).toMatchObject([{ settings: ["MAIL_TEMPLATE_DIR"] }]);
    expect(lines.join("")).not.toContain("ada@example");
  });

  it("are those of the start, whatever becomes of their folder", async () => {
    const { directory, received, send } = await ownTemplate("As it was: <%= it.ticket.id %>");
    await rm(directory, { recursive: true });
    await send();
    expect(received[0]?.raw.toString()).toContain("As it was: 1");
  });
});

describe("mails that take long to be written", () => {
  const SPIN = "<% const end = Date.now() + 100; while (Date.now() < end); %>Ticket <%= it.ticket.id %>";

  it("let the thread hear the relay in between", async () => {
    const env = { MAIL_MAX_CONNECTIONS: "40", MAIL_CONNECT_TIMEOUT_MS: "2500", MAIL_SOCKET_TIMEOUT_MS: "2500" };
    const { received, send } = await ownTemplate(SPIN, env);
    // 4 s of writing in all.
    await Promise.all(Array.from({ length: 40 }, (_, n) => send(n + 1)));
    expect(received).toHaveLength(40);
  });

  it("were not tried when their time was over before, and the thread goes on", async () => {
    const { send } = await ownTemplate(SPIN, { MAIL_MAX_CONNECTIONS: "20", MAIL_SEND_TIMEOUT_MS: "700" });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => send(n + 1)));
    const causes = outcomes.map((outcome) => (outcome.status === "fulfilled" ? "sent" : outcome.reason.because));
    expect(causes.filter((because) => because === "busy").length).toBeGreaterThan(10);
    expect(causes).not.toContain("configuration");
    await until("one to be sent in its time", () =>
      send(99).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe("many mails", () => {
  it("share a few connections, each renewed after its share, and all arrive once", async () => {
    const { received, port, counts } = await relay();
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_MAX_CONNECTIONS: "4", MAIL_MAX_MESSAGES_PER_CONNECTION: "25" });
    await Promise.all(Array.from({ length: 200 }, (_, n) => send(n + 1)));
    const ids = await Promise.all(received.map(async ({ raw }) => (await simpleParser(raw)).messageId));
    expect(new Set(ids).size).toBe(200);
    expect(received).toHaveLength(200);
    expect(counts().mostOpen).toBeLessThanOrEqual(4);
    expect(counts().connections).toBeLessThanOrEqual(12);
  });

  it("keep to the rate", async () => {
    const { received, port } = await relay();
    const { send } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_MAX_PER_SECOND: "5", MAIL_MAX_CONNECTIONS: "1" });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 7 }, (_, n) => send(n + 1)));
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(received).toHaveLength(7);
  });

  it("are not so many in hand that one waits long for its pace", async () => {
    const concurrencyAt = async (env: Record<string, string>) =>
      (
        await makeTransport({
          config: config({ SMTP_URL: "smtp://127.0.0.1:1", MAIL_MAX_CONNECTIONS: "50", ...env }),
          tokenSecret: SECRET,
          logger: makeLogger({ name: "test", level: "silent" }),
        })
      ).concurrency;
    expect([await concurrencyAt({}), await concurrencyAt({ MAIL_MAX_PER_SECOND: "1" }), await concurrencyAt({ MAIL_MAX_PER_SECOND: "100" })]).toEqual([
      50, 10, 50,
    ]);
  });

  it("in hand are finished when the sender closes; those that wait are put off", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inHand = 0;
    const onRcptTo: ServerOptions["onRcptTo"] = (_address, _session, done) => {
      inHand++;
      void held.then(() => done());
    };
    const { received, port } = await relay({ onRcptTo });
    const { send, notifier } = await sender(`smtp://127.0.0.1:${port}`, { MAIL_MAX_CONNECTIONS: "2" });
    const sending = Array.from({ length: 5 }, (_, n) =>
      send(n + 1).then(
        () => "sent",
        (error: { because?: string }) => error.because,
      ),
    );
    await until("two mails to be in hand", () => inHand === 2);
    const closing = notifier.close();
    release();
    await closing;
    expect(await Promise.all(sending)).toEqual(["sent", "sent", "busy", "busy", "busy"]);
    expect(received).toHaveLength(2);
  });
});

function connectThrough(socket: Socket, port: number): void {
  const upstream = connect(port, "127.0.0.1");
  upstream.on("error", () => socket.destroy());
  socket.on("close", () => upstream.destroy());
  upstream.on("close", () => socket.destroy());
  socket.pipe(upstream).pipe(socket);
}
