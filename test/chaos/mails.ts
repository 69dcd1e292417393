import type { ExpectedMail } from "./ledger.ts";
import type { Random } from "./random.ts";

/** A mail as a producer hands it over. */
export interface Mail {
  /** In the subject where there is one, and in the text. */
  tag: string;
  from: string;
  to: string;
  /** What is handed over, each character a byte. Every delivery has come another way, and says so in its Received headers. */
  raw(): string;
  expected: ExpectedMail;
  /** Why it must not become a ticket. */
  wrongWith?: string;
}

const MAILBOXES = ["support@example.test", "billing@example.test", "sales@example.test"] as const;
/** Takes mail of clients alone, and here nobody is proven to be one. */
const CLIENTS_ONLY = "clients@example.test";
const KINDS = { good: 88, "clients only": 3, "automatic answer": 3, "binary data": 3, "no header": 3 };
/** Trace headers that a delivery gets on its way. */
const MOST_HOPS = 4;
const BINARY = "\0\x01\x02\x03\x04\x05\x06\x07\b".repeat(60);

/** The n-th mail of a run: of a guest, to one of three departments, now and then one that must not become a ticket. */
export function makeMail({ seed, number, random }: { seed: number; number: number; random: Random }): Mail {
  const tag = `chaos-${seed}-${number}.`;
  const from = `guest-${number}@guests.example.test`;
  const to = random.pick(MAILBOXES);
  const messageId = `<${seed}.${number}@guests.example.test>`;
  const text = textOf(number, random);
  const headers = [`From: Guest ${number} <${from}>`, `To: ${to}`, `Subject: Mail ${tag}`, `Message-ID: ${messageId}`, ...PLAIN_TEXT];
  const content = (own: string[], body: string) => () => bytesOf([...receivedBy(random), ...own, "", body].join("\r\n"));
  const mail = (endsAs: ExpectedMail["endsAs"]) => ({ tag, from, to, raw: content(headers, text), expected: { messageId, endsAs, text } });
  switch (random.weighted(KINDS)) {
    case "good":
      return mail("ticket");
    case "clients only":
      return { ...mail("refused"), to: CLIENTS_ONLY, wrongWith: "sender_unregistered" };
    case "automatic answer":
      return { ...mail("ignored"), raw: content(["Auto-Submitted: auto-replied", ...headers], text), wrongWith: "auto_reply" };
    case "binary data":
      return { ...mail("quarantined"), raw: content(headers, BINARY), wrongWith: "malformed" };
    case "no header":
      return { ...mail("quarantined"), raw: () => bytesOf(`no mail ${tag}\r\n\r\n${text}`), expected: { endsAs: "quarantined", text }, wrongWith: "malformed" };
  }
}

const PLAIN_TEXT = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"];

/** With a letter beyond ASCII, and a line that SMTP has to disguise. */
function textOf(number: number, random: Random): string {
  const lines = Array.from({ length: random.between(0, 40) }, (_, line) => `Line ${line} of all work and no play.`);
  return [`Grüße, this is mail ${number}.`, ".A line that begins with a dot.", ...lines, ""].join("\r\n");
}

function receivedBy(random: Random): string[] {
  return Array.from({ length: random.between(0, MOST_HOPS) }, () => `Received: from relay by mx.guests.example.test id ${random.between(1, 1e9)}`);
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
