import { statusEntry, type TicketDraft, type TicketEvent } from "@openticket/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testMongoUrl, uniqueName } from "../../../test/support/servers.ts";
import { connectStore, makeMongoCorrelations, makeMongoEventTickets, makeMongoTicketStore, type StoreConnection } from "../src/index.ts";

const T0 = Date.parse("2026-11-01T12:00:00Z");
const at = (minutes: number) => new Date(T0 + minutes * 60_000);
const OWED = statusEntry({ inboundId: "inb_1" }, { status: "Closed", at: at(1) });
/** As it stands in the outbox, with the status before. */
const CLOSED = { ...OWED, event: { ...OWED.event, from: "Open" } };
const CLOSE = { status: { from: "not-closed", to: "Closed" }, owed: OWED, dueAt: at(60) } as const;
const REOPEN = { status: { from: "closed", to: "Open" }, dueAt: at(60) } as const;

let store: StoreConnection;
let events: ReturnType<typeof makeMongoEventTickets>;
let count = 0;
beforeAll(async () => {
  store = await connectStore({ url: testMongoUrl(uniqueName("event-tickets")), appName: "test", serverSelectionTimeoutMs: 5000 });
  events = makeMongoEventTickets(store);
});
afterAll(async () => {
  await store.db.dropDatabase();
  await store.close();
});

async function openTicket(): Promise<number> {
  const name = `req_${++count}`;
  const draft: TicketDraft = {
    ...{ _id: name, requestId: name, fingerprint: "f", status: "Open", deptid: 1, subject: "s", message: "m", markdown: false, priority: "Medium" },
    ...{ opener: { kind: "guest", name: "n", email: "e@example.test" }, customfields: [], attachments: [], preventClientClosure: false },
    ...{ createdAt: at(0), receivedAt: at(0), openedAt: at(0), source: { channel: "webhook" }, decisions: [], outbox: [] },
  };
  const commit = await makeMongoTicketStore(store, { numbers: { tid: (id) => `T${id}`, accessCode: () => "c" }, now: () => at(0) }).commit(draft);
  if (commit.kind === "out-of-numbers") throw new Error(commit.kind);
  return commit.ticket.id;
}
const event = (minutes: number, state: TicketEvent["state"]): TicketEvent => ({ at: at(minutes), inboundId: `inb_${minutes}`, state });
const ticket = (id: number) => store.db.collection("tickets").findOne({ id });

describe("a ticket that hears of events", () => {
  it("changes by the latest, and owes once what that brings", async () => {
    const id = await openTicket();
    expect(await events.hear(id, event(1, "resolved"), CLOSE)).toEqual({ kind: "changed", from: "Open", to: "Closed" });
    expect(await events.hear(id, event(1, "resolved"), CLOSE)).toEqual({ kind: "repeated", status: "Closed" });
    expect(await ticket(id)).toMatchObject({ status: "Closed", outbox: [CLOSED], dueAt: at(60), lastEvent: event(1, "resolved") });
    expect(await events.hear(id, event(2, "firing"), REOPEN)).toEqual({ kind: "changed", from: "Closed", to: "Open" });
    expect(await events.hear(id, event(1.5, "resolved"), CLOSE)).toEqual({ kind: "late", status: "Open" });
    expect(await ticket(id)).toMatchObject({ status: "Open", outbox: [CLOSED], lastEvent: event(2, "firing") });
  });

  it("stays as it is where there is nothing to change, and owes nothing", async () => {
    const id = await openTicket();
    expect(await events.hear(id, event(1, "firing"), REOPEN)).toEqual({ kind: "unchanged", status: "Open" });
    const counted = { owed: OWED, dueAt: at(60) };
    expect(await events.hear(id, event(2, "resolved"), counted)).toEqual({ kind: "unchanged", status: "Open" });
    const found = await ticket(id);
    expect(found).toMatchObject({ status: "Open", outbox: [] });
    expect(found).not.toHaveProperty("dueAt");
  });

  it("is later than one of the same instant that came in before it, or of which that was not noted", async () => {
    const id = await openTicket();
    const [early, late] = [1, 2].map((minutes) => ({ at: at(1), receivedAt: at(minutes), inboundId: `inb_${9 - minutes}`, state: "resolved" as const }));
    const noted: TicketEvent = { at: at(1), inboundId: "inb_9", state: "firing" };
    if (!early || !late) throw new Error("two events");
    expect((await events.hear(id, noted, REOPEN)).kind).toBe("unchanged");
    expect((await events.hear(id, late, CLOSE)).kind).toBe("changed");
    expect((await events.hear(id, early, REOPEN)).kind).toBe("late");
    expect(await ticket(id)).toMatchObject({ status: "Closed", lastEvent: late });
  });

  it("is said to be gone when it is", async () => {
    expect(await events.hear(999_999, event(1, "firing"), REOPEN)).toEqual({ kind: "gone" });
  });

  it("changes once however many tell it of the same event at once", async () => {
    const id = await openTicket();
    const heard = await Promise.all(Array.from({ length: 20 }, () => events.hear(id, event(1, "resolved"), CLOSE)));
    expect(heard.filter(({ kind }) => kind === "changed")).toHaveLength(1);
    expect((await ticket(id))?.outbox).toHaveLength(1);
  });

  it("shows no occurrences without any", async () => {
    expect(await events.occurrencesOf(await openTicket())).toBeUndefined();
  });
});

describe("what events belong to", () => {
  const claim = (key: string, name: string, minutes: number, isResolved = false) =>
    makeMongoCorrelations(store).claim({
      source: "s",
      key,
      requestId: `req_${name}`,
      inboundId: `inb_${name}`,
      at: at(minutes),
      receivedAt: at(minutes),
      windowMs: 600_000,
      isResolved,
    });

  it("is the request of the first, whoever asks at once and again", async () => {
    const claimed = await Promise.all(Array.from({ length: 50 }, (_, n) => claim("at once", String(n), 0)));
    expect(new Set(claimed.map(({ requestId }) => requestId)).size).toBe(1);
    expect((await claim("at once", "7", 0)).requestId).toBe(claimed[0]?.requestId);
  });

  it("is its own when the latest is older than the window, and that of the others when it comes late", async () => {
    await claim("window", "a", 0);
    expect((await claim("window", "b", 9)).requestId).toBe("req_a");
    expect((await claim("window", "c", 19)).requestId).toBe("req_a");
    expect((await claim("window", "d", 30)).requestId).toBe("req_d");
    expect((await claim("window", "e", 1)).requestId).toBe("req_d");
  });

  it("remembers the latest that said it is over, until it starts over", async () => {
    const correlations = makeMongoCorrelations(store);
    const about = { source: "s", key: "over" };
    await claim("over", "a", 0);
    await claim("over", "b", 2, true);
    await claim("over", "c", 1, true);
    expect(await correlations.findResolved(about, "req_a")).toEqual({ at: at(2), receivedAt: at(2), inboundId: "inb_b" });
    await correlations.startOver(about, "req_other", "req_x");
    expect((await claim("over", "d", 3)).requestId).toBe("req_a");
    await correlations.startOver(about, "req_a", "req_d");
    expect((await claim("over", "e", 4)).requestId).toBe("req_d");
    expect(await correlations.findResolved(about, "req_d")).toBeUndefined();
  });

  it("is another for another source", async () => {
    await claim("shared", "a", 0);
    const other = await makeMongoCorrelations(store).claim({
      source: "t",
      key: "shared",
      requestId: "req_t",
      inboundId: "inb_t",
      at: at(0),
      receivedAt: at(0),
      windowMs: 1000,
      isResolved: false,
    });
    expect(other.requestId).toBe("req_t");
  });

  it("holds the key of nobody in words", async () => {
    await claim("ada@client.example", "p", 0);
    expect(JSON.stringify(await store.db.collection("correlations").find().toArray())).not.toContain("ada@client.example");
  });
});
