/**
 * Who a mail is from, as far as SMTP can say it. Senders choose their addresses, and mail servers write them as they like:
 * `root`, `a b@c.example`, `"a b"@c.example`. None of that sends a mail back: what SMTP has a form for is brought into it
 * (RFC 5321 4.1.2), for the rest the next best sender counts, and at last the null sender.
 */

/** What Postfix says for the null sender. */
const NULL_SENDERS = new Set(["", "MAILER-DAEMON"]);
/** Where a sender without a domain is: the null sender instead would make an automatic answer of its mail. */
const OWN_DOMAIN = "localhost";
/** Longest address that is sent, characters; standards know 254. */
const MAX_LENGTH = 500;
/** A local part or domain that stands between < and > as it is; what it means is the door's to say. */
const PLAIN = /^[^\s<>"\\@\p{Cc}]+$/u;
/** Controls, and letters without width, which the door takes for tricks. */
const UNSEEN = /[\p{Cc}\u200b\u2060\ufeff]/u;
const QUOTED = /^"(?:[^"\\\p{Cc}]|\\\P{Cc})*"$/u;

/** The sender as it stands between < and > of MAIL FROM, "" for the null sender; undefined for what cannot stand there. */
export function senderPath(given: string): string | undefined {
  const sender = given.replace(/^<(.*)>$/s, "$1");
  if (NULL_SENDERS.has(sender)) return "";
  const at = sender.lastIndexOf("@");
  const [local, domain] = at === -1 ? [sender, OWN_DOMAIN] : [sender.slice(0, at), sender.slice(at + 1)];
  if (sender.length > MAX_LENGTH || local === "" || UNSEEN.test(sender) || !PLAIN.test(domain)) return undefined;
  const isReady = PLAIN.test(local) || QUOTED.test(local);
  return `${isReady ? local : `"${local.replace(/["\\]/g, "\\$&")}"`}@${domain}`;
}

/** A local part in quotes, with whatever blanks and brackets. */
const IN_QUOTES = /"(?:[^"\\\r\n]|\\[^\r\n])*"/.source;
const ADDRESS = new RegExp(`(?:${IN_QUOTES}|[^\\s<>"(),;:]+)@[^\\s<>"(),;:]+`);
const BRACKETED = new RegExp(`<((?:${IN_QUOTES}|[^<>\\s"]+)@[^<>\\s]+)>`);
const FROM_LINE = new RegExp(`^From (${ADDRESS.source}|\\S+)[^\\n]*\\n`);
const RETURN_PATH = new RegExp(`^return-path:[ \\t]*<((?:${IN_QUOTES}|[^<>"\\r\\n])*)>`, "im");
const FROM = /^from:(.{0,2000}(?:\r?\n[ \t].{0,2000}){0,20})/im;

/**
 * What the beginning of a mail (latin1) tells of its envelope sender: the "From " line that mailbox files have and some mail
 * servers put in front, Return-Path, or From; "" when none of them does. `lineLength`: characters of the "From " line.
 */
export function senderIn(head: string): { sender: string; lineLength: number } {
  const fromLine = FROM_LINE.exec(head);
  const [headers = ""] = head.split(/\n\r?\n/, 1);
  const from = FROM.exec(headers)?.[1] ?? "";
  const named = [fromLine?.[1], RETURN_PATH.exec(headers)?.[1], BRACKETED.exec(from)?.[1] ?? ADDRESS.exec(from)?.[0]];
  const paths = named.map((bytes) => (bytes === undefined ? undefined : senderPath(Buffer.from(bytes, "latin1").toString("utf8"))));
  return { sender: paths.find((path) => path !== undefined) ?? "", lineLength: fromLine?.[0].length ?? 0 };
}
