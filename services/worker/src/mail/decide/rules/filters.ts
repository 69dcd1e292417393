import { domainOf, plainAddress } from "../addresses.ts";
import type { MailCase } from "../mail-case.ts";
import type { Finding } from "../outcome.ts";
import type { MailFilter } from "../ports.ts";
import { ignore, pass } from "./rule.ts";

/** Block lists: by sender, domain, subject, phrase. The sender is taken at its word: a forged name is kept out as well. */
export async function ignoreBlocked({ mail, author, record, deps }: MailCase): Promise<Finding> {
  const filters = await deps.directory.mailFilters();
  if (filters.length === 0) return pass("no", "there is no filter");
  const addresses = [...mail.from.map(({ address }) => address), author?.address, record.source.envelopeFrom];
  const asked: Asked = {
    senders: new Set(addresses.filter((address) => address !== undefined && address !== "").map((address) => plainAddress(address ?? ""))),
    subject: mail.subject.toLowerCase(),
    text: `${mail.subject}\n${mail.text.slice(0, SEARCHED_TEXT)}`.toLowerCase(),
  };
  const filter = filters.find((candidate) => matches(candidate, asked));
  if (!filter) return pass("no", `none of ${filters.length} filters`);
  return ignore("blocked", `Blocked by filter ${filter.id}`, `${filter.kind}: ${filter.value}`);
}

interface Asked {
  senders: ReadonlySet<string>;
  subject: string;
  text: string;
}

/** Phrases are looked for within so many characters. */
const SEARCHED_TEXT = 200_000;

function matches({ kind, value }: MailFilter, { senders, subject, text }: Asked): boolean {
  switch (kind) {
    case "sender":
      return senders.has(value);
    case "domain":
      return [...senders].some((sender) => domainOf(sender) === value || domainOf(sender).endsWith(`.${value}`));
    case "subject":
      return subject.includes(value);
    case "phrase":
      return text.includes(value);
  }
}

/** The verdict of a filter in front of us. Only headers that the operator has named count. */
export async function ignoreSpam({ mail, deps }: MailCase): Promise<Finding> {
  const wanted = deps.rules.spamHeaders;
  if (wanted.length === 0) return pass("not asked", "MAIL_SPAM_HEADERS names no filter");
  const found = mail.headers.find(([name, value]) => wanted.some((verdict) => verdict.name === name && isVerdict(value, verdict.value)));
  return found ? ignore("spam", "A filter in front of us says that it is spam", `${found[0]}: ${found[1].slice(0, 100)}`) : pass("no", "no verdict of spam");
}

/** The value itself, or its beginning where a filter adds details. */
function isVerdict(value: string, wanted: string): boolean {
  const given = value.trim().toLowerCase();
  return given === wanted || (given.startsWith(wanted) && /^[\s,;(]/.test(given.slice(wanted.length)));
}
