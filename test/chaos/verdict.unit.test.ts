import { expect, it } from "vitest";
import type { StoredTicket } from "./count.ts";
import { makeFaultLog } from "./fault-log.ts";
import type { Acknowledgement, RequestEntry } from "./ledger.ts";
import { type Evidence, judge } from "./verdict.ts";

const MAIL = { tid: "100001", to: "ada@example.test", template: "ticket-opened", messageId: "<a@x>", atMs: 1000 };
const OPENED: Acknowledgement = { kind: "opened", id: 1, tid: "100001", c: "secret", isReplay: false };
const ACCEPTED: Acknowledgement = { kind: "accepted" };
const NOTHING_STORED = { inbound: [], tickets: [], rejections: [], deadLetters: [] };

function request(fields: Partial<RequestEntry> = {}): RequestEntry {
  return { tag: "chaos-1-1.", door: "rest", acknowledgements: [OPENED], failures: 0, isGivenUp: false, ...fields };
}

function ticket(fields: Partial<StoredTicket> = {}): StoredTicket {
  return { _id: "req_1", requestId: "req_1", id: 1, tid: "100001", c: "secret", subject: "Request chaos-1-1.", message: "text", outbox: [], ...fields };
}

const owedMail = (fields: object = { deliveredAt: new Date(0) }) => ({
  key: "mail:opener",
  kind: "mail",
  template: "ticket-opened",
  to: { email: "ada@example.test" },
  ...fields,
});

const told = ({ id, tid, subject }: StoredTicket): Evidence["told"][number] => ({ eventId: `evt_${id}`, ticket: { id, tid, subject }, isTaken: true });

type Given = Partial<Omit<Evidence, "ledger">> & { requests?: RequestEntry[]; oddities?: string[] };

/** One request with its ticket and nothing owed, unless the test says otherwise; the audit agrees with what is stored. */
function breachesOf({ requests = [request()], oddities = [], ...given }: Given = {}): string[] {
  const stored = given.stored ?? { ...NOTHING_STORED, tickets: [ticket()] };
  const counts = {
    agrees: true,
    tickets: stored.tickets.length,
    rejected: stored.rejections.length,
    dead: stored.deadLetters.length,
    waiting: 0,
    mail: { waiting: 0 },
  };
  const evidence = {
    ledger: { requests, oddities },
    stored,
    mails: [],
    replies: new Map(),
    told: stored.tickets.map(told),
    faults: makeFaultLog(() => undefined),
    lives: [],
    ownDeaths: [],
    longestSilenceMs: 0,
    jobsNowhere: [],
    audit: { exitCode: 0, text: JSON.stringify(counts) },
    ...given,
  };
  return judge(evidence).breaches.map((line) => line.split(":", 1)[0] ?? "");
}

const storing = (...tickets: StoredTicket[]) => ({ ...NOTHING_STORED, tickets });
const rejection = { _id: "req_1", requestId: "req_1", errors: [{ code: "client_not_found" }] };
const mailed = { stored: storing(ticket({ outbox: [owedMail()] })), mails: [MAIL] };

it("an acknowledged request with its one ticket breaks nothing", () => {
  expect(breachesOf()).toEqual([]);
  expect(breachesOf({ requests: [request({ acknowledgements: [ACCEPTED] })] })).toEqual([]);
  expect(breachesOf(mailed)).toEqual([]);
});

it.each<[string, string, Given]>([
  ["a ticket that is not there", "lost", { stored: NOTHING_STORED }],
  ["a 202 that came to nothing", "lost", { stored: NOTHING_STORED, requests: [request({ acknowledgements: [ACCEPTED] })] }],
  ["two tickets of one request", "twice", { stored: storing(ticket(), ticket({ id: 2, tid: "100002" })) }],
  ["other ids than were told", "other-ids", { stored: storing(ticket({ id: 2 })) }],
  ["a number that two tickets have", "number-twice", { stored: storing(ticket(), ticket({ tid: "100002", subject: "chaos-1-2." })) }],
  ["a ticket of no request", "stranger", { stored: storing(ticket(), ticket({ id: 2, tid: "100002", subject: "Request chaos-9-9." })) }],
  ["a ticket of a wrong request", "rejected-but-stored", { requests: [request({ wrongWith: "client_not_found" })] }],
  ["a rejection of a good request", "wrongly-rejected", { requests: [request({ acknowledgements: [{ kind: "rejected", code: "client_not_found" }] })] }],
  ["a request that never had an answer", "never-answered", { requests: [request({ acknowledgements: [] })] }],
  ["a rejection of nobody", "rejections", { stored: { ...storing(ticket()), rejections: [rejection] } }],
  ["an answer that makes no sense", "unexpected-answer", { oddities: ["500"] }],
  ["a request given up by the product", "dead-letter", { stored: { ...storing(ticket()), deadLetters: [{ _id: "x", code: "failed", reason: "" }] } }],
  ["an audit that counts otherwise", "audit-differs", { audit: { exitCode: 0, text: '{"agrees":true,"tickets":7,"mail":{}}' } }],
  ["an audit that names a difference", "audit-differs", { audit: { exitCode: 1, text: "lost" } }],
  ["a process that died of itself", "process-died", { ownDeaths: ["worker-1 ended by itself with 1"] }],
  ["a fleet that answers nobody for minutes", "silent", { longestSilenceMs: 101_000 }],
  ["a job that Redis keeps for nobody", "redis-left", { jobsNowhere: ["req_1"] }],
  ["a mail that was marked and never sent", "mail-lost", { ...mailed, mails: [] }],
  ["a mail that is owed still", "mail-owed", { stored: storing(ticket({ outbox: [owedMail({})] })) }],
  ["a mail that was given up", "mail-dead", { stored: storing(ticket({ outbox: [owedMail({ deadAt: new Date(0) })] })) }],
  ["a mail of no ticket", "mail-stray", { mails: [MAIL] }],
  ["a second mail while nothing was broken", "mail-twice", { ...mailed, mails: [MAIL, { ...MAIL, atMs: 2000 }] }],
  ["a second mail under another name", "mail-names", { ...mailed, mails: [MAIL, { ...MAIL, messageId: "<b@x>" }] }],
  ["a ticket that the endpoint was never told of", "told-never", { told: [] }],
  ["a second reply while nothing was broken", "reply-twice", { replies: new Map([["r c", [0, 1].map((atMs) => ({ atMs, answer: "same" }))]]) }],
  ["a second reply that says something else", "reply-differs", { replies: new Map([["r c", ["one", "two"].map((answer) => ({ atMs: 0, answer }))]]) }],
])("%s is a breach", (_what, name, given) => {
  expect(breachesOf(given)).toContain(name);
});

it("a third copy of a mail is excused by a second crash, and by nothing else", async () => {
  const faults = makeFaultLog(() => undefined);
  const copies = (count: number) => Array.from({ length: count }, (_, n) => ({ ...MAIL, atMs: n === 0 ? 0 : performance.now() + n }));
  await faults.during("worker killed", "worker-1", async () => undefined);
  await faults.during("Redis killed", "Redis", async () => undefined);
  expect(breachesOf({ ...mailed, faults, mails: copies(2) })).toEqual([]);
  expect(breachesOf({ ...mailed, faults, mails: copies(3) })).toEqual(["mail-often"]);
  await faults.during("worker killed", "worker-2", async () => undefined);
  expect(breachesOf({ ...mailed, faults, mails: copies(3) })).toEqual([]);
});

it("one crash does not excuse hundreds of second mails", async () => {
  const faults = makeFaultLog(() => undefined);
  const tids = Array.from({ length: 60 }, (_, n) => String(200_000 + n));
  const tickets = tids.map((tid, n) => ticket({ id: n, tid, subject: `chaos-1-${n}.`, outbox: [owedMail()] }));
  const requests = tickets.map(({ id, tid, subject }) => request({ tag: subject, acknowledgements: [{ ...OPENED, id, tid }] }));
  const mails = tids.flatMap((tid) => [0, 1].map((atMs) => ({ ...MAIL, tid, messageId: `<${tid}@x>`, atMs: performance.now() + atMs })));
  await faults.during("worker killed", "worker-1", async () => undefined);
  expect(breachesOf({ stored: storing(...tickets), requests, mails, faults })).toEqual(["mails-repeated"]);
  expect(breachesOf({ stored: storing(...tickets.slice(0, 40)), requests: requests.slice(0, 40), mails: mails.slice(0, 80), faults })).toEqual([]);
});

it("a second mail under the same name is excused by a fault between the two, and by no other", async () => {
  const faults = makeFaultLog(() => undefined);
  await faults.during("worker killed", "worker-1", async () => undefined);
  const atMs = performance.now();
  const twice = (second: number) =>
    breachesOf({ ...mailed, faults, mails: [MAIL, { ...MAIL, atMs: second }].map((mail, n) => (n === 0 ? { ...mail, atMs } : mail)) });
  expect(twice(atMs + 100)).toEqual([]);
  const longAfter = atMs + 3_600_000;
  const mails = [longAfter, longAfter + 1].map((at) => ({ ...MAIL, atMs: at }));
  expect(breachesOf({ ...mailed, faults, mails })).toEqual(["mail-twice"]);
});

it("memory that only rises is a breach, memory that settles is none", () => {
  const life = (rssAt: (n: number) => number) => ({
    name: "worker-1",
    startedAtMs: 0,
    samples: Array.from({ length: 100 }, (_, n) => ({ atMs: n * 3000, rssBytes: rssAt(n) })),
  });
  expect(breachesOf({ lives: [life((n) => 100e6 + n * 4e6)] })).toEqual(["memory-grew"]);
  expect(breachesOf({ lives: [life((n) => 100e6 + Math.min(n, 30) * 4e6)] })).toEqual([]);
});
