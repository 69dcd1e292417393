import { setTimeout as sleep } from "node:timers/promises";
import type { OutboxEntry, TicketRecord } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { makeMemoryRecords, makeMemoryTicketStore } from "@openticket/store";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import { type Dispatcher, type DispatcherDeps, startDispatcher } from "../../src/outbox/dispatcher.ts";
import { isReplyTo } from "../../src/pipeline/outbox.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const mail = (more: Partial<OutboxEntry> = {}): OutboxEntry => ({ key: "mail:opener", kind: "mail", attempts: 0, ...more });
const owing = (...outbox: OutboxEntry[]) => ({ _id: "t1", id: 1, requestId: "req_1", outbox }) as TicketRecord;

const event: OutboxEntry = { key: "event:e", kind: "event", event: { type: "ticket.opened", id: "evt_1", at: NOW }, attempts: 0 };
const reply: OutboxEntry = { key: "reply", kind: "reply", queue: "replies", requestId: "req_1", correlationId: "c1", attempts: 0 };

let dispatcher: Dispatcher<TicketRecord> | undefined;
afterEach(() => dispatcher?.close());

/** What others wait for until it is opened. */
function gate() {
  let open: () => void = fail;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

function fail(): never {
  throw new Error("not there yet");
}

class Outage extends Error {}

type Note = { key: string } & Record<string, unknown>;

/** A dispatcher whose relay finds `due` once, and whose deliveries fail with `faults` in turn. */
function start({
  due = [],
  faults = [],
  markFaults = [],
  dueWhen = Promise.resolve(),
  marksWhen = Promise.resolve(),
  postponeFaults = [],
  severity = "failed",
  holds = new Map(),
  abridge = (ticket) => ticket,
}: {
  due?: TicketRecord[];
  faults?: Error[];
  markFaults?: Error[];
  dueWhen?: Promise<void>;
  /** The store takes no mark before. */
  marksWhen?: Promise<void>;
  postponeFaults?: Error[];
  severity?: "final" | "failed" | "untried";
  /** What deliveries wait for, by key. */
  holds?: ReadonlyMap<string, Promise<void>>;
  abridge?: (ticket: TicketRecord) => TicketRecord;
}) {
  const delivered: string[] = [];
  const records: TicketRecord[] = [];
  const marked: string[] = [];
  const writes: number[] = [];
  const postponed: Note[] = [];
  const leases = [due];
  const deps: DispatcherDeps<TicketRecord> = {
    outbox: {
      async markDelivered(entries) {
        await marksWhen;
        const fault = markFaults.shift();
        if (fault) throw fault;
        writes.push(entries.length);
        for (const { key } of entries) marked.push(key);
      },
      async leaseDue(_now, _leaseMs, _limit, abridged = (ticket) => ticket) {
        await dueWhen;
        return (leases.shift() ?? []).map(abridged);
      },
      async postpone(_record, failed) {
        const fault = postponeFaults.shift();
        if (fault) throw fault;
        postponed.push(...failed);
      },
    },
    abridge,
    async deliver(ticket, { key }) {
      records.push(ticket);
      await holds.get(key);
      const fault = faults.shift();
      if (fault) throw fault;
      delivered.push(key);
    },
    severityOf: () => severity,
    isOutage: (error) => error instanceof Outage,
    now: () => NOW,
    random: () => 0.5,
    sleep: async () => undefined,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics: makeMetrics(),
  };
  dispatcher = startDispatcher(deps);
  return { dispatcher, delivered, marked, writes, postponed, records };
}

/** What a relay does within so many seconds of its clock while all that this ticket owes fails. */
async function relayFor(seconds: number, ticket: TicketRecord, severityOf: (entry: OutboxEntry) => "failed" | "untried") {
  const records = makeMemoryRecords();
  records.tickets.set(ticket._id, { ...ticket, dueAt: NOW });
  const store = makeMemoryTicketStore({ numbers: { tid: fail, accessCode: fail }, records });
  const tries: { key: string; at: number }[] = [];
  let [elapsed, rounds] = [0, 0];
  const now = () => new Date(NOW.getTime() + elapsed * 1000);
  dispatcher = startDispatcher<TicketRecord>({
    outbox: {
      ...store,
      async leaseDue(at, ...bounds) {
        if (elapsed > seconds) return [];
        const leased = await store.leaseDue(at, ...bounds);
        rounds += leased.length;
        if (leased.length === 0) elapsed = secondsFromNow(records.tickets.get(ticket._id)?.dueAt) ?? fail();
        return leased;
      },
    },
    async deliver(_ticket, entry) {
      tries.push({ key: entry.key, at: elapsed });
      throw new Error("down", { cause: severityOf(entry) });
    },
    severityOf: (error) => (error instanceof Error && error.cause === "untried" ? "untried" : "failed"),
    isOutage: () => false,
    now,
    random: () => 0.5,
    sleep: async () => undefined,
    sweepIntervalMs: 0,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics: makeMetrics(),
  });
  await until("the end of that time", () => elapsed > seconds);
  return {
    triedAt: (key: string) => tries.filter((made) => made.key === key).map(({ at }) => at),
    entry: (key: string) => records.tickets.get(ticket._id)?.outbox.find((owed) => owed.key === key),
    rounds: () => rounds,
  };
}

const secondsFromNow = (at: unknown) => (at instanceof Date ? (at.getTime() - NOW.getTime()) / 1000 : undefined);

it.each<[string, (it: Dispatcher<TicketRecord>, ticket: TicketRecord) => unknown, TicketRecord[]]>([
  ["the fast path", (it, ticket) => it.opened(ticket), []],
  ["the relay", () => undefined, [owing(event)]],
  ["events of what is in hand elsewhere", (it, ticket) => it.eventsOwed(ticket), []],
])("of a record in hand no more is held than its deliveries need: %s", async (_, begin, due) => {
  const { dispatcher, marked, records } = start({ due, abridge: (ticket) => ({ ...ticket, message: "abridged" }) });
  await begin(dispatcher, owing(event));
  await until("the mark", () => marked.length === 1);
  expect(records).toMatchObject([{ message: "abridged" }]);
});

describe("the fast path", () => {
  it("delivers what a new ticket owes, and marks it only then", async () => {
    const { dispatcher, delivered, marked } = start({});
    await dispatcher.opened(owing(mail(), mail({ key: "mail:staff:a" })));
    await until("both marks", () => marked.length === 2);
    expect(delivered).toEqual(["mail:opener", "mail:staff:a"]);
  });

  it("leaves the reply to the consumer, which says when it is sent", async () => {
    const { dispatcher, delivered, marked } = start({});
    const ticket = owing(reply);
    await dispatcher.opened(ticket);
    dispatcher.delivered(ticket, ({ kind }) => kind === "reply");
    await until("the mark", () => marked.length === 1);
    expect([delivered, marked]).toEqual([[], ["reply"]]);
  });

  it("still owes the first requester its reply when another one with the same key got his", async () => {
    const { dispatcher, marked } = start({});
    const asker = { requestId: "req_1", correlationId: "c1", replyTo: { queue: "replies" } };
    dispatcher.delivered(owing(reply), isReplyTo({ ...asker, correlationId: "another" }));
    dispatcher.delivered(owing({ ...reply, key: "reply-of-its-own" }), isReplyTo(asker));
    await until("the mark", () => marked.length === 1);
    expect(marked).toEqual(["reply-of-its-own"]);
  });

  it("marks together what others have delivered within a moment", async () => {
    const { dispatcher, marked, writes } = start({});
    for (let n = 0; n < 10; n++) dispatcher.delivered(owing(reply), isReplyTo({ requestId: "req_1", correlationId: "c1", replyTo: { queue: "replies" } }));
    await until("the marks", () => marked.length === 10);
    expect(writes).toEqual([10]);
  });

  it("marks what waits before it is closed", async () => {
    const { dispatcher, marked } = start({});
    dispatcher.delivered(owing(reply), ({ kind }) => kind === "reply");
    await dispatcher.close();
    expect(marked).toEqual(["reply"]);
  });

  it("does not deliver again what is done or given up", async () => {
    const { dispatcher, delivered, marked } = start({});
    await dispatcher.opened(owing(mail({ key: "done", deliveredAt: NOW }), mail({ key: "dead", deadAt: NOW }), mail({ key: "owed" })));
    await until("the mark", () => marked.length === 1);
    expect(delivered).toEqual(["owed"]);
  });

  it("marks what it delivered when the store is back, and does not deliver it again", async () => {
    const { dispatcher, delivered, marked } = start({ markFaults: Array.from({ length: 500 }, () => new Outage("no primary")) });
    await dispatcher.opened(owing(mail()));
    await until("the mark", () => marked.length === 1);
    expect(delivered).toEqual(["mail:opener"]);
  });

  it.each([
    ["mail that it has sent", mail(), ["mail:opener"], (it: Dispatcher<TicketRecord>, ticket: TicketRecord) => it.opened(ticket)],
    [
      "answer that is sent",
      reply,
      [],
      (it: Dispatcher<TicketRecord>, ticket: TicketRecord) =>
        it.delivered(ticket, isReplyTo({ requestId: "req_1", correlationId: "c1", replyTo: { queue: "replies" } })),
    ],
  ] as const)("gives no %s once more when the ticket is due again before the store takes the mark", async (_what, entry, once, hear) => {
    const [store, dueTime] = [gate(), gate()];
    const { dispatcher, delivered, marked } = start({ due: [owing(entry)], dueWhen: dueTime.opened, marksWhen: store.opened });
    await hear(dispatcher, owing(entry));
    dueTime.open();
    await sleep(20);
    store.open();
    await until("the mark", () => marked.length > 0);
    await dispatcher.close();
    expect([delivered, marked]).toEqual([once, [entry.key]]);
  });

  it("gives no mail once more that the relay had read before it was marked; later it may", async () => {
    const look = gate();
    const { dispatcher, delivered, marked } = start({ due: [owing(mail())], dueWhen: look.opened });
    await dispatcher.opened(owing(mail()));
    await until("the mark", () => marked.length === 1);
    look.open();
    await sleep(20);
    expect(delivered).toEqual(["mail:opener"]);
    await dispatcher.opened(owing(mail()));
    await until("the next mark", () => marked.length === 2);
    expect(delivered).toEqual(["mail:opener", "mail:opener"]);
  });

  it("leaves to the relay what was kept waiting until the relay may take it: both would send it", async () => {
    const { dispatcher, delivered } = start({});
    await dispatcher.opened({ ...owing(mail()), dueAt: new Date(NOW.getTime() + 74_999) });
    await dispatcher.opened({ ...owing(mail({ key: "in time" })), dueAt: new Date(NOW.getTime() + 75_000) });
    await dispatcher.close();
    expect(delivered).toEqual(["in time"]);
  });

  it("delivers events beside the mails of a new record", async () => {
    const { dispatcher, marked } = start({});
    await dispatcher.opened(owing(mail(), event));
    await until("both marks", () => marked.length === 2);
  });

  it("tells of events that a record owes meanwhile, and leaves its mails to whoever has them in hand", async () => {
    const { dispatcher, delivered, marked } = start({});
    dispatcher.eventsOwed(owing(mail(), event));
    await until("the mark", () => marked.length === 1);
    expect(delivered).toEqual([event.key]);
  });

  it("leaves such an event to the relay when it fails: the due time may be another's lease", async () => {
    const { dispatcher, marked, postponed } = start({ faults: [new Error("no primary")] });
    dispatcher.eventsOwed(owing(event));
    await dispatcher.close();
    expect([marked, postponed]).toEqual([[], []]);
  });

  it("starts nothing when it is closing", async () => {
    const { dispatcher, delivered } = start({});
    await dispatcher.close();
    await dispatcher.opened(owing(mail()));
    await dispatcher.close();
    expect(delivered).toEqual([]);
  });
});

describe("the relay", () => {
  it("delivers what is overdue, the reply too", async () => {
    const { marked } = start({ due: [owing(mail(), mail({ key: "reply", kind: "reply" }))] });
    await until("both marks", () => marked.length === 2);
  });

  it.each([
    [0, 15],
    [1, 30],
    [4, 240],
    [14, 3600],
  ])("after %i failed tries waits %i s for the next", async (attempts, seconds) => {
    const { postponed, marked } = start({ due: [owing(mail({ attempts }))], faults: [new Error("greylisted")] });
    await until("the delay", () => postponed.length === 1);
    expect(postponed).toMatchObject([{ key: "mail:opener", error: "greylisted", attempts: attempts + 1 }]);
    expect(secondsFromNow(postponed[0]?.nextTryAt)).toBe(seconds);
    expect(marked).toEqual([]);
  });

  it("gives a delivery up after its last try, with the reason", async () => {
    const { postponed } = start({ due: [owing(mail({ attempts: 15 }))], faults: [new Error("still no")] });
    await until("the end", () => postponed.length === 1);
    expect(postponed).toEqual([{ key: "mail:opener", error: "still no", attempts: 16, deadAt: NOW }]);
  });

  it("gives up at once what no later try can cure", async () => {
    const { postponed } = start({ due: [owing(mail())], faults: [new Error("no such user")], severity: "final" });
    await until("the end", () => postponed.length === 1);
    expect(postponed).toEqual([{ key: "mail:opener", error: "no such user", attempts: 1, deadAt: NOW }]);
  });

  it.each([
    [0, 15],
    [3, 60],
  ])("does not count what could not be tried: after %i failed tries it comes back in %i s", async (attempts, seconds) => {
    const { postponed } = start({ due: [owing(mail({ attempts }))], faults: [new Error("busy")], severity: "untried" });
    await until("the delay", () => postponed.length === 1);
    expect(postponed).toMatchObject([{ attempts }]);
    expect(secondsFromNow(postponed[0]?.nextTryAt)).toBe(seconds);
  });

  it("puts a ticket off only when nothing of it is in hand any more: nobody else is to deliver that beside it", async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ticket = owing(mail({ key: "refused" }), mail({ key: "slow" }));
    const { marked, postponed, delivered } = start({ due: [ticket], faults: [new Error("refused")], holds: new Map([["slow", slow]]) });
    await new Promise(setImmediate);
    expect([postponed, delivered]).toEqual([[], []]);
    release();
    await until("the delay", () => postponed.length === 1);
    expect([postponed[0]?.key, marked]).toEqual(["refused", ["slow"]]);
  });

  it("waits for all that it has in hand, also where a failure could not be noted", async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const others = [owing(mail({ key: "refused" })), { ...owing(mail({ key: "slow" })), _id: "t2" }];
    const { dispatcher, marked } = start({
      due: others,
      faults: [new Error("refused")],
      postponeFaults: [new Error("no primary")],
      holds: new Map([["slow", slow]]),
    });
    await new Promise(setImmediate);
    const closed = dispatcher.close();
    setTimeout(release, 50);
    await closed;
    expect(marked).toEqual(["slow"]);
  });

  it("tries each entry at its own time, also where another one comes back all the time", async () => {
    const { triedAt, entry } = await relayFor(600, owing(reply, mail()), ({ kind }) => (kind === "reply" ? "untried" : "failed"));
    expect(triedAt(mail().key)).toEqual([0, 15, 45, 105, 225, 465]);
    expect(entry(mail().key)).toMatchObject({ attempts: 6, nextTryAt: new Date(NOW.getTime() + 945_000) });
    expect(triedAt(reply.key)).toHaveLength(41);
  });

  it("puts off a ticket of which nothing is to be tried yet, until something is", async () => {
    const nextTryAt = new Date(NOW.getTime() + 60_000);
    const { triedAt, rounds } = await relayFor(100, owing(mail({ nextTryAt })), () => "failed");
    expect([triedAt(mail().key), rounds()]).toEqual([[60, 75], 3]);
  });

  it("delivers the other entries of a ticket when one fails", async () => {
    const { marked, postponed } = start({ due: [owing(mail({ key: "a" }), mail({ key: "b" }))], faults: [new Error("a fails")] });
    await until("both", () => marked.length + postponed.length === 2);
    expect([postponed.map(({ key }) => key), marked]).toEqual([["a"], ["b"]]);
  });
});
