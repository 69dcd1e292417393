import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { InboundRecord } from "@openticket/contract";
import { emailConfig, startEmail } from "@openticket/ingress";
import { makeDrain, makeLogger, makeMetrics, readConfig } from "@openticket/runtime";
import type { RestBody } from "./rest.ts";
import { rest } from "./rest.ts";
import { openDialogue } from "./smtp-dialogue.ts";
import { type Stack, startStack } from "./stack.ts";
import { until } from "./until.ts";

/** The whole product with its SMTP door, and what a test wants of it: mails in, tickets and mails out. */
export interface HelpDesk extends Stack {
  smtpPort: number;
  /** Sends a raw mail; the answer to its end, such as `250 …`. */
  send(raw: string | Buffer, envelope?: { from?: string; to?: string }): Promise<string>;
  /** Sends a mail, and waits for what becomes of it. */
  receive(raw: string | Buffer, envelope?: { from?: string; to?: string }): Promise<InboundRecord>;
  /** A ticket as the REST API shows it. */
  ticket(id: number | undefined): Promise<RestBody>;
  /** Mails that were sent, as written to files. */
  sent(): Promise<string[]>;
  /** Waits for a mail that was sent, with that in it, in whatever case. */
  sentWith(...texts: string[]): Promise<string>;
}

/** Starts a {@link HelpDesk}; `env` as of the stack and the door. */
export async function startHelpDesk(env: Record<string, string> = {}): Promise<HelpDesk> {
  const stack = await startStack({ env });
  const logger = makeLogger({ name: "email", level: process.env.TEST_LOG_LEVEL ?? "silent" });
  const drain = makeDrain({ timeoutMs: 5000, logger });
  const environment = {
    MONGODB_URL: stack.mongodbUrl,
    REDIS_URL: stack.redisUrl,
    QUEUE_PREFIX: stack.prefix,
    SMTP_PORT: "0",
    SMTP_NAME: "mx.example.test",
    ...env,
  };
  const { urls } = await startEmail(readConfig(emailConfig, environment), { logger, drain, metrics: makeMetrics() });
  const smtpPort = Number(urls[0]?.split(":").at(-1));
  const inbound = stack.store.db.collection<InboundRecord>("inbound");
  const sentIn = join(stack.dataDir, "sent");

  async function sent(): Promise<string[]> {
    const files = await readdir(sentIn).catch(() => []);
    return Promise.all(files.filter((file) => file.endsWith(".eml")).map((file) => readFile(join(sentIn, file), "latin1")));
  }

  async function send(raw: string | Buffer, { from = "", to = "support@example.test" } = {}): Promise<string> {
    const dialogue = await openDialogue({ port: smtpPort });
    await dialogue.say("EHLO peer.example", `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, "DATA");
    const bytes = Buffer.isBuffer(raw) ? raw.toString("latin1") : raw;
    await dialogue.send(`${bytes.replace(/\r?\n/g, "\r\n").replace(/^\./gm, "..")}\r\n.\r\n`);
    const answer = await dialogue.answer();
    dialogue.leave();
    return answer;
  }

  return {
    ...stack,
    smtpPort,
    send,
    async receive(raw, envelope = { from: senderIn(raw) }) {
      const answer = await send(raw, envelope);
      const id = /inb_[0-9a-f]{32}/.exec(answer)?.[0];
      if (id === undefined) throw new Error(`not taken: ${answer}`);
      return until(`an outcome of ${id}`, async () => {
        const record = await inbound.findOne({ _id: id });
        return record !== null && record.state !== "stored" && record;
      });
    },
    ticket: async (id) => (await rest(stack, "GET", `/v1/tickets/${id}`)).body,
    sent,
    sentWith: (...texts) =>
      until(`a mail with ${texts.join(", ")}`, async () =>
        (await sent()).find((mail) => texts.every((text) => mail.toLowerCase().includes(text.toLowerCase()))),
      ),
    async stop() {
      await drain.drain();
      await stack.stop();
    },
  };
}

function senderIn(raw: string | Buffer): string {
  return /^From: .*?<([^<>]+)>/im.exec(raw.toString("latin1"))?.[1] ?? "somebody@elsewhere.example";
}

/** A mail with these headers over the usual ones. */
export function rawMail(headers: Record<string, string> = {}, body = "It burns.\n"): string {
  const all = {
    From: "Gus Guest <gus@guest.example>",
    To: "support@example.test",
    Subject: "Printer on fire",
    "Message-ID": `<${Math.random().toString(36).slice(2)}@guest.example>`,
    Date: "Wed, 04 Mar 2026 05:06:07 +0000",
    ...headers,
  };
  return `${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n")}\n\n${body}`;
}
