import { countBy, type Stored, type StoredTicket } from "./count.ts";
import { judgeEventsIn } from "./event-verdict.ts";
import type { FaultLog } from "./fault-log.ts";
import type { Life } from "./fleet.ts";
import { judgeCopies, judgeLeftovers, judgeMemory, judgeSilence } from "./health.ts";
import { isAcknowledged, type Ledger, openings, type RequestEntry } from "./ledger.ts";
import { judgeMailsIn } from "./mail-verdict.ts";
import type { RawProducer } from "./raw-producer.ts";
import type { TakenMail } from "./sink.ts";
import { judgeTold, type ToldEvent } from "./told-verdict.ts";

/** Holds the ledger against what is stored. Each breach of a promise is one line that begins with its name. */

export interface Evidence {
  ledger: Pick<Ledger, "requests" | "oddities">;
  stored: Stored;
  mails: readonly TakenMail[];
  replies: RawProducer["replies"];
  /** What an endpoint of ours was told. */
  told: readonly ToldEvent[];
  faults: FaultLog;
  lives: readonly Life[];
  ownDeaths: readonly string[];
  /** The longest time without any answer, ms. */
  longestSilenceMs: number;
  /** Jobs in Redis that are in no state, once nothing is to be done any more. */
  jobsNowhere: readonly string[];
  /** What `opentickets audit --json` said, and its exit code. */
  audit: { exitCode: number; text: string };
}

export interface Verdict {
  breaches: string[];
  duplicates: { replays: number; mails: number; replies: number };
}

/** Everything that was promised, looked at. */
export function judge(evidence: Evidence): Verdict {
  const { ledger, stored } = evidence;
  const byTag = ticketsByTag(stored.tickets);
  const mails = judgeMails(evidence);
  const replies = judgeReplies(evidence);
  const breaches = [
    ...ledger.oddities.map((what) => `unexpected-answer: ${what}`),
    ...ledger.requests.flatMap((entry) => judgeRequest(entry, byTag.get(entry.tag) ?? [])),
    ...strangers(byTag, ledger),
    ...judgeMailsIn(ledger, stored),
    ...judgeEventsIn(ledger, stored),
    ...judgeTold(evidence.told, stored.tickets),
    ...judgeRejections(evidence),
    ...repeated(stored.tickets, "id"),
    ...repeated(stored.tickets, "tid"),
    ...stored.deadLetters.map(({ _id, code, reason }) => `dead-letter: ${_id}: ${code}: ${reason}`),
    ...mails.breaches,
    ...replies.breaches,
    ...judgeAudit(evidence),
    ...evidence.ownDeaths.map((line) => `process-died: ${line}`),
    ...judgeCopies(mails.copies, evidence.faults),
    ...judgeSilence(evidence.longestSilenceMs),
    ...judgeLeftovers(evidence.jobsNowhere),
    ...evidence.lives.flatMap(judgeMemory),
  ];
  const replays = ledger.requests.reduce((sum, { acknowledgements }) => sum + Math.max(0, acknowledgements.length - 1), 0);
  return { breaches, duplicates: { replays, mails: mails.copies, replies: replies.copies } };
}

function ticketsByTag(tickets: readonly StoredTicket[]): Map<string, StoredTicket[]> {
  const byTag = new Map<string, StoredTicket[]>();
  for (const ticket of tickets) {
    const tag = /chaos-\d+-\d+\./.exec(ticket.subject)?.[0] ?? ticket.subject;
    byTag.set(tag, [...(byTag.get(tag) ?? []), ticket]);
  }
  return byTag;
}

function judgeRequest(entry: RequestEntry, tickets: StoredTicket[]): string[] {
  const { tag, door, wrongWith, acknowledgements, isGivenUp } = entry;
  const about = `${tag} (${door})`;
  const breaches: string[] = [];
  if (tickets.length > 1) breaches.push(`twice: ${about} has ${tickets.length} tickets: ${tickets.map(({ id }) => id).join(", ")}`);
  if (wrongWith && tickets.length > 0) breaches.push(`rejected-but-stored: ${about} must be rejected and has a ticket`);
  if (!isAcknowledged(entry) && !isGivenUp) breaches.push(`never-answered: ${about} had ${entry.failures} failed deliveries and no answer`);
  const [ticket] = tickets;
  const isPromised = acknowledgements.some(({ kind }) => kind === "opened" || (!wrongWith && (kind === "accepted" || kind === "stored")));
  if (isPromised && !ticket) breaches.push(`lost: ${about} was acknowledged (${acknowledgements.map(({ kind }) => kind).join(", ")}) and has no ticket`);
  for (const { id, tid, c } of openings(entry)) {
    if (ticket && (ticket.id !== id || ticket.tid !== tid || ticket.c !== c))
      breaches.push(`other-ids: ${about} was told ${id}/${tid}, its ticket is ${ticket.id}/${ticket.tid}`);
  }
  for (const answer of acknowledgements) {
    if (answer.kind === "rejected" && answer.code !== wrongWith)
      breaches.push(`wrongly-rejected: ${about} with ${answer.code}; expected ${wrongWith ?? "a ticket"}`);
    if (answer.kind === "opened" && wrongWith) breaches.push(`wrongly-opened: ${about} as ${answer.id}; expected ${wrongWith}`);
  }
  return breaches;
}

function strangers(byTag: Map<string, StoredTicket[]>, { requests }: Evidence["ledger"]): string[] {
  const known = new Set(requests.map(({ tag }) => tag));
  return [...byTag.keys()].filter((tag) => !known.has(tag)).map((tag) => `stranger: a ticket of no request: ${tag}`);
}

/**
 * A rejection stands for each wrong request that had an answer, and for no other. Mails and events have records of their
 * own, but an event that stands alone is a request like any other.
 */
function judgeRejections({ ledger, stored }: Evidence): string[] {
  const wrong = ledger.requests.filter(
    ({ door, wrongWith, mail, event }) => wrongWith !== undefined && !mail && (!event || (door === "webhook-event" && event.endsAs === "refused")),
  );
  const [atLeast, atMost, count] = [wrong.filter(isAcknowledged).length, wrong.length, stored.rejections.length];
  return count >= atLeast && count <= atMost ? [] : [`rejections: ${count} are stored; expected ${atLeast} to ${atMost}`];
}

function repeated(tickets: readonly StoredTicket[], field: "id" | "tid"): string[] {
  const counts = new Map<string | number, number>();
  for (const ticket of tickets) counts.set(ticket[field], (counts.get(ticket[field]) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([value, count]) => `number-twice: ${count} tickets have the ${field} ${value}`);
}

/**
 * One mail for each that is owed. A second one only when something was broken between the two, a further one only for a
 * further crash of a worker, and all of them under the same Message-ID.
 */
function judgeMails({ stored, mails, faults }: Evidence): { breaches: string[]; copies: number } {
  const taken = new Map<string, TakenMail[]>();
  for (const mail of mails) taken.set(keyOf(mail), [...(taken.get(keyOf(mail)) ?? []), mail]);
  const breaches: string[] = [];
  let copies = 0;
  for (const { tid, tag, entry } of owedMails(stored.tickets)) {
    const key = keyOf({ tid, to: entry.to?.email ?? "", template: entry.template ?? "" });
    const got = taken.get(key) ?? [];
    taken.delete(key);
    const about = `${entry.key} of ${tag}`;
    if (entry.deadAt) breaches.push(`mail-dead: ${about}: ${entry.lastError}`);
    else if (!entry.deliveredAt) breaches.push(`mail-owed: ${about} is not marked as delivered (${entry.lastError ?? "not tried"})`);
    if (entry.deliveredAt && got.length === 0) breaches.push(`mail-lost: ${about} is marked as delivered, and nobody got it`);
    if (new Set(got.map(({ messageId }) => messageId)).size > 1) breaches.push(`mail-names: ${about} came under several Message-IDs`);
    copies += Math.max(0, got.length - 1);
    if (got.length > 1 + Math.max(1, crashesWithin(got, faults))) breaches.push(`mail-often: ${about} came ${got.length} times, more often than workers died`);
    if (unexcused(got, faults)) breaches.push(`mail-twice: ${about} was sent again though nothing was broken`);
  }
  for (const key of taken.keys()) breaches.push(`mail-stray: a mail of no stored ticket: ${key}`);
  return { breaches, copies };
}

function crashesWithin(got: readonly TakenMail[], faults: FaultLog): number {
  const times = got.map(({ atMs }) => atMs);
  return faults.crashesBetween(Math.min(...times), Math.max(...times));
}

function owedMails(tickets: readonly StoredTicket[]) {
  return tickets.flatMap(({ tid, subject, outbox }) => outbox.filter(({ kind }) => kind === "mail").map((entry) => ({ tid, tag: subject, entry })));
}

const keyOf = ({ tid, to, template }: { tid: string; to: string; template: string }): string => `${tid} ${to.toLowerCase()} ${template}`;

/** True when something came again and nothing was broken since it had come before. */
function unexcused(came: readonly { atMs: number }[], faults: FaultLog): boolean {
  return came.some(({ atMs }, index) => index > 0 && !faults.isExcused(came[index - 1]?.atMs ?? atMs, atMs));
}

/** One reply for each delivery; a second one only after a fault, and with the same content but for the mark of a replay. */
function judgeReplies({ replies, faults }: Evidence): { breaches: string[]; copies: number } {
  const breaches: string[] = [];
  let copies = 0;
  for (const [delivery, got] of replies) {
    copies += got.length - 1;
    if (new Set(got.map(({ answer }) => answer.replace(/"isReplay":(true|false)/, ""))).size > 1)
      breaches.push(`reply-differs: ${delivery}: ${got.map(({ answer }) => answer).join(" ")}`);
    if (unexcused(got, faults)) breaches.push(`reply-twice: ${delivery} though nothing was broken`);
  }
  return { breaches, copies };
}

function judgeAudit({ audit, stored }: Evidence): string[] {
  if (audit.exitCode !== 0) return [`audit-differs: exit code ${audit.exitCode}: ${audit.text.slice(0, 2000)}`];
  const { mail, ...counts } = JSON.parse(audit.text) as AuditCounts;
  const ours = { agrees: true, tickets: stored.tickets.length, rejected: stored.rejections.length, dead: stored.deadLetters.length, waiting: 0 };
  return [...differences(counts, ours), ...differences(mail, { waiting: 0, ...countBy(stored.inbound.map(({ state }) => state)) })];
}

type AuditCounts = Record<string, unknown> & { mail: Record<string, unknown> };

function differences(said: Record<string, unknown>, counted: Record<string, unknown>): string[] {
  return Object.entries(counted)
    .filter(([name, value]) => said[name] !== value)
    .map(([name, value]) => `audit-differs: ${name} is ${String(said[name])}; counted ${String(value)}`);
}
