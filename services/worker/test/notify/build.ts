import type { OutboxEntry, TicketRecord } from "@openticket/contract";
import { readConfig } from "@openticket/runtime";
import { simpleParser } from "mailparser";
import { z } from "zod";
import { notifyConfigFields } from "../../src/notify/config.ts";
import { letterOf, type MailTemplate, type OwedLetter } from "../../src/notify/letter.ts";
import type { MailTransport, OutgoingMail } from "../../src/notify/mail-transport.ts";
import { makeMailWriter, type WritingOptions } from "../../src/notify/mail-writer.ts";
import { makeNotifier, type NotifierDeps } from "../../src/notify/notifier.ts";
import { readTemplates } from "../../src/notify/templates.ts";

export const SENT_AT = new Date("2026-03-04T05:06:07Z");
export const SECRET = "a secret that only tests know";

export function ticket(overrides: Partial<TicketRecord> = {}): TicketRecord {
  const at = new Date("2026-03-04T05:00:00Z");
  return {
    _id: "req_1",
    requestId: "req_1",
    fingerprint: "f",
    id: 7,
    tid: "516757",
    c: "KPqH7yG3",
    status: "Open",
    deptid: 1,
    subject: "Printer on fire",
    message: "It burns.\nPlease help.",
    markdown: false,
    priority: "High",
    opener: { kind: "client", clientid: 1, name: "Ada Lovelace", email: "ada@example.com" },
    customfields: [],
    attachments: [],
    preventClientClosure: false,
    createdAt: at,
    receivedAt: at,
    openedAt: at,
    source: { channel: "http" },
    decisions: [],
    outbox: [],
    ...overrides,
  };
}

export function owed(template: OutboxEntry["template"] = "ticket-opened", to = { name: "Ada Lovelace", email: "ada@example.com" }): OutboxEntry {
  return { key: `mail:${template}:${to.email}`, kind: "mail", ...(template && { template }), to, attempts: 0 };
}

export function config(env: Record<string, string> = {}) {
  return readConfig(z.object(notifyConfigFields), { CLIENT_AREA_URL: "https://www.example.com/clients/", MAIL_DOMAIN: "example.com", ...env });
}

/** What this ticket's mail to Ada is written from. */
export function letter(of: Partial<TicketRecord> = {}, template: MailTemplate = "ticket-opened"): OwedLetter {
  const record = ticket(of);
  const to = { name: "Ada Lovelace", address: "ada@example.com" };
  return letterOf({ ticket: record, written: record }, { template, to, department: { name: "Sales" }, at: SENT_AT, maxChars: 50_000 });
}

/** What mails are written by, with the built-in templates. */
export const WRITING: WritingOptions = { config: config(), tokenSecret: SECRET, templates: { directory: "", sources: {} } };

/** Writes the mails and keeps them. */
export function keepingTransport(writing: WritingOptions = WRITING): MailTransport & { mails: OutgoingMail[] } {
  const mails: OutgoingMail[] = [];
  const write = makeMailWriter(writing);
  return { mails, name: "kept", concurrency: 5, send: async (letter) => void mails.push(write(letter)), close: async () => {} };
}

export function depsWith({ transport, ...overrides }: Partial<NotifierDeps> & Pick<NotifierDeps, "transport">): NotifierDeps {
  return {
    transport,
    config: config(),
    now: () => SENT_AT,
    describeDepartment: async () => ({ name: "Sales", email: "sales@example.com" }),
    ...overrides,
  };
}

type WrittenWith = Partial<Omit<NotifierDeps, "config"> & { tokenSecret: string; config: ReturnType<typeof config> }>;

/** The mail that is sent for this ticket, as bytes and as a mail program reads it. */
export async function written(of: Partial<TicketRecord> = {}, entry = owed(), { tokenSecret = SECRET, ...deps }: WrittenWith = {}) {
  const settings = deps.config ?? config();
  const transport = keepingTransport({ config: settings, tokenSecret, templates: await readTemplates(settings.MAIL_TEMPLATE_DIR) });
  const notifier = makeNotifier(depsWith({ ...deps, transport }));
  await notifier.deliver(ticket(of), entry);
  const [mail] = transport.mails;
  if (!mail) throw new Error("no mail was sent");
  const source = Buffer.from(mail.raw).toString("latin1");
  const head = source.slice(0, source.indexOf("\r\n\r\n"));
  const parsed = await simpleParser(mail.raw, { skipTextToHtml: true });
  return { mail, source, head, parsed, text: parsed.text ?? "", html: parsed.html || "" };
}

/** Names of the header fields in the order in which they stand, lower-cased. */
export function fieldNames(head: string): string[] {
  return head.split(/\r\n(?![ \t])/).map((line) => line.slice(0, line.indexOf(":")).toLowerCase());
}
