import type { InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { decideMail } from "../../src/mail/decide/decide-mail.ts";
import type { Authenticity, KnownTicket, LinkedTicket, MailDeps, MailFilter, MailRules, PeopleOfAddress } from "../../src/mail/decide/ports.ts";
import type { Department } from "../../src/pipeline/ports.ts";

/** Mails, records and a small world for tests of decisions; each test shows only what matters to it. */

export function mail(of: Partial<UnderstoodMail> = {}): UnderstoodMail {
  const text = of.text ?? "It burns.";
  return {
    kind: "ticket",
    kindBecause: "nothing says otherwise",
    messageId: "<m1@guest.example>",
    inReplyTo: [],
    references: [],
    subject: "Printer on fire",
    from: [{ name: "Gus Guest", address: "gus@guest.example" }],
    replyTo: [],
    to: [{ name: "", address: "support@desk.example" }],
    cc: [],
    deliveredTo: [],
    text,
    visibleText: text,
    attachments: [],
    headers: [],
    defects: [],
    ...of,
  };
}

export function record(of: Partial<InboundRecord> = {}): InboundRecord {
  return {
    _id: "inb_1",
    requestId: "req_1",
    mailbox: "support@desk.example",
    source: { door: "smtp", envelopeFrom: "gus@guest.example", envelopeTo: ["support@desk.example"], ip: "192.0.2.1" },
    raw: { sha256: "0".repeat(64), size: 100 },
    receivedAt: new Date("2026-03-04T05:06:07Z"),
    state: "stored",
    trace: [],
    repetitions: 0,
    ...of,
  };
}

export function ticket(of: Partial<KnownTicket> = {}): KnownTicket {
  return {
    _id: "req_0",
    id: 7,
    tid: "516757",
    status: "Open",
    deptid: 1,
    opener: { kind: "client", clientid: 1, name: "Ada", email: "ada@client.example" },
    mails: [],
    ...of,
  };
}

export function department(of: Partial<Department> = {}): Department {
  return {
    id: 1,
    name: "Support",
    clientsOnly: false,
    repliesOnly: false,
    noAutoresponder: false,
    preventClientClosure: false,
    hidden: false,
    staff: [],
    ...of,
  };
}

const RULES: MailRules = {
  autoReplies: "ignore",
  bulk: "ticket",
  spamHeaders: [{ name: "x-spam-flag", value: "yes" }],
  senderBudget: { windowMs: 600_000, quiet: 2, most: 4 },
  ticketBudget: { windowMs: 600_000, most: 3 },
};

/** The world that a mail is decided in. */
export interface World {
  tickets?: KnownTicket[];
  departments?: Department[];
  mailboxes?: Record<string, number>;
  people?: Record<string, Partial<PeopleOfAddress>>;
  filters?: MailFilter[];
  authenticity?: Partial<Authenticity>;
  rules?: Partial<MailRules>;
  /** Numbers of tickets by Message-IDs that were taken in, or by those and the mailbox that they came by. */
  known?: Record<string, number>;
  /** Tickets that go on for a closed one, by its number. */
  linked?: Record<number, LinkedTicket[]>;
  /** Message-IDs of mails that came in before and are not decided. */
  undecided?: string[];
  /** Since when the mail waits for another, ms before it is decided; unset: it does not yet. */
  waitedMs?: number;
  /** What came of requests, by their names; unless it says otherwise of one that came in with this mail. */
  earlier?: Record<string, { id: number; tid: string; replyId?: number; receivedAt?: Date }>;
  /** Mails that have counted against a sender or a ticket before, and proven ones of the sender. */
  spent?: number;
  provenSpent?: number;
  /** How long after it came in the mail is decided, ms. */
  ageMs?: number;
}

/** A client and a member of the staff, verified when the test says so. */
const PEOPLE: Record<string, Partial<PeopleOfAddress>> = {
  "ada@client.example": { clients: [{ id: 1, firstname: "Ada", lastname: "Lovelace", email: "ada@client.example" }] },
  "mary@client.example": { users: [{ id: 3, firstname: "Mary", lastname: "Somerville", email: "mary@client.example", clientids: [1] }] },
  "luigi@client.example": { contacts: [{ id: 4, clientid: 1, firstname: "Luigi", lastname: "Menabrea", email: "luigi@client.example" }] },
  "agent@desk.example": { admins: [{ username: "agent", firstname: "Alan", lastname: "Turing", email: "agent@desk.example", disabled: false }] },
};

export function depsOf(world: World = {}): MailDeps {
  const {
    tickets = [],
    departments = [department()],
    mailboxes = { "support@desk.example": 1 },
    known = {},
    earlier = {},
    filters = [],
    spent = 0,
    provenSpent = 0,
  } = world;
  const people = { ...PEOPLE, ...world.people };
  const spends = new Map<string, string[]>();
  return {
    directory: {
      department: async (id) => departments.find((candidate) => candidate.id === id),
      client: async (id) =>
        Object.values(people)
          .flatMap(({ clients = [] }) => clients)
          .find((client) => client.id === id),
      findByEmail: async (address) => ({ clients: [], users: [], contacts: [], admins: [], ...people[address] }),
      addressesOfClient: async (clientid) =>
        Object.entries(people).flatMap(([address, { clients = [], users = [], contacts = [] }]) => {
          const acts =
            clients.some(({ id }) => id === clientid) ||
            users.some(({ clientids }) => clientids.includes(clientid)) ||
            contacts.some((contact) => contact.clientid === clientid);
          return acts ? [address] : [];
        }),
      mailFilters: async () => filters,
      mailbox: async (address) => {
        const deptid = mailboxes[address.replace(/\+[^@]*/, "")];
        return deptid === undefined ? undefined : { address: address.replace(/\+[^@]*/, ""), deptid };
      },
    },
    tickets: {
      findById: async (id) => tickets.find((candidate) => candidate.id === id),
      findByTid: async (tid) => tickets.find((candidate) => candidate.tid === tid),
      findByMessageIds: async (ids, mailbox) => {
        const found = ids.map((messageId) => ({ messageId, ticketId: known[`${messageId} ${mailbox}`] ?? known[messageId] }));
        return found.find((each): each is { messageId: string; ticketId: number } => each.ticketId !== undefined);
      },
      findLinkedTo: async (id) => world.linked?.[id] ?? [],
      authorsOf: async () => ["bob@elsewhere.example"],
      outcomeOf: async (requestId) => earlier[requestId] && { receivedAt: record().receivedAt, ...earlier[requestId] },
    },
    earlier: {
      findUndecided: async (ids) => ids.find((id) => world.undecided?.includes(id)),
      beginWait: async (_id, now) => new Date(now.getTime() - (world.waitedMs ?? 0)),
    },
    // Names of our mails in tests: `<ot.7.x.good@…>` is ours and was sent to the first of the ticket's mails.
    ownMail: {
      claimIn: (text) => Number(/(?:^<ot\.|^t)(\d+)\./.exec(text)?.[1] ?? Number.NaN) || undefined,
      isOfTicket: (text, { id }) => text.startsWith(`<ot.${id}.x.good@`) || text === `t${id}.${"a".repeat(20)}`,
      recipientOf: (messageId, { id, mails }) => (messageId.startsWith(`<ot.${id}.x.good@`) ? mails[0]?.address : undefined),
      isOwnLoopToken: (token) => token === "v1 ours",
    },
    budgets: {
      async spend(key, inboundId, { most }) {
        const length = key.startsWith("proven:") ? provenSpent : spent;
        const ids = spends.get(key) ?? Array.from({ length }, (_, index) => `earlier-${index}`);
        spends.set(key, ids.includes(inboundId) || ids.length > most ? ids : [...ids, inboundId]);
        const place = spends.get(key)?.indexOf(inboundId) ?? -1;
        return place === -1 ? most + 1 : place + 1;
      },
    },
    authenticate: async () => ({ isAligned: false, isForged: false, mayBounce: false, because: "nothing passed", ...world.authenticity }),
    rules: { ...RULES, ...world.rules },
    now: () => new Date(record().receivedAt.getTime() + (world.ageMs ?? 0)),
  };
}

export const VERIFIED: Partial<Authenticity> = { isAligned: true, mayBounce: true, because: "DKIM of client.example" };
export const ADA = { from: [{ name: "Ada", address: "ada@client.example" }] };
export const AGENT = { from: [{ name: "Alan", address: "agent@desk.example" }] };

/** What becomes of a mail in a world. */
export function decided(of: Partial<UnderstoodMail> = {}, world: World = {}, about: Partial<InboundRecord> = {}) {
  return decideMail(mail(of), record(about), depsOf(world));
}
