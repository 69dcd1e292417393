import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uniqueName } from "../../../../test/support/servers.ts";
import { alertSource, type Death, dropAndClose, type EventWorker, makeEventWorker } from "./build.ts";

const T0 = Date.parse("2026-11-01T12:00:00Z");
const at = (minutes: number) => new Date(T0 + minutes * 60_000);
const database = uniqueName("events");
let one: EventWorker;
let two: EventWorker;

beforeAll(async () => {
  one = await makeEventWorker(database);
  two = await makeEventWorker(database);
});
afterAll(() => dropAndClose([one, two]));
beforeEach(async () => {
  for (const name of ["tickets", "inbound", "correlations", "rejections", "webhooksources"]) await one.store.db.collection(name).deleteMany({});
  await one.sources.create(alertSource());
});

const alert = (name: string, state = "firing") => ({ name, state, text: "It burns." });
const setRule = (correlation: object) =>
  one.store.db
    .collection<{ _id: string }>("webhooksources")
    .updateOne({ _id: "alerts" }, { $set: Object.fromEntries(Object.entries(correlation).map(([name, value]) => [`correlation.${name}`, value])) });
async function send(minutes: number, state = "firing", worker = one): Promise<string> {
  const id = await worker.receive(alert("disk", state), { at: at(minutes) });
  await worker.run(id);
  return id;
}
const stateOf = async (id: string) => (await one.inbound.find(id))?.state;

describe("events about the same thing", () => {
  it("500 of them at once on two workers are one ticket, and each counts once", async () => {
    const ids = await Promise.all(Array.from({ length: 500 }, (_, n) => one.receive({ ...alert("disk"), text: `Reading ${n}` }, { at: at(n / 100) })));
    await Promise.all(ids.map((id, n) => (n % 2 === 0 ? one : two).run(id)));
    const tickets = await one.allTickets();
    expect(tickets).toHaveLength(1);
    expect(tickets[0]).toMatchObject({ subject: "Alert disk", status: "Open", opener: { kind: "guest", email: "monitoring@example.test" } });
    expect(await one.events.occurrencesOf(tickets[0]?.id ?? 0)).toMatchObject({ count: 500, firstAt: at(0), lastAt: at(4.99), recent: { length: 20 } });
    expect(await one.store.db.collection("inbound").countDocuments({ state: "ticket" })).toBe(1);
    expect(await one.store.db.collection("inbound").countDocuments({ state: "occurrence" })).toBe(499);
  });

  it("decided again and again by both workers, count no more", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => one.receive(alert("disk"), { at: at(n) })));
    await Promise.all(ids.flatMap((id) => [one.run(id), two.run(id), one.run(id)]));
    const [ticket, ...more] = await one.allTickets();
    expect(more).toEqual([]);
    expect((await one.events.occurrencesOf(ticket?.id ?? 0))?.count).toBe(20);
  });

  it("of long ago, which are replayed, are remembered while they are decided", async () => {
    await one.run(await one.receive(alert("disk"), { at: new Date("2020-01-01T00:00:00Z") }));
    const remembered = await one.store.db.collection("correlations").findOne({}, { projection: { expiresAt: 1 } });
    expect(remembered?.expiresAt.getTime()).toBeGreaterThan(Date.now());
  });

  it("with another key, or of another source, are another ticket", async () => {
    await one.sources.create(alertSource({ _id: "others" }));
    await one.run(await one.receive(alert("disk")));
    await one.run(await one.receive(alert("memory")));
    await one.run(await one.receive(alert("disk"), { source: "others" }));
    expect((await one.allTickets()).map(({ subject }) => subject)).toEqual(["Alert disk", "Alert memory", "Alert disk"]);
  });

  it("later than the window are a new ticket; within it, counted from the latest, the same", async () => {
    await send(0);
    await send(59);
    await send(118);
    expect(await one.allTickets()).toHaveLength(1);
    await send(179);
    expect(await one.allTickets()).toHaveLength(2);
  });

  it("stand alone where the key yields nothing", async () => {
    await setRule({ key: "missing" });
    await send(0);
    await send(1);
    expect(await one.allTickets()).toHaveLength(2);
  });

  it("say in their traces what became of them", async () => {
    const [first, second] = [await send(0), await send(1)];
    const tid = (await one.allTickets())[0]?.tid;
    expect(await one.inbound.find(first)).toMatchObject({
      state: "ticket",
      ticket: { tid },
      trace: expect.arrayContaining([expect.objectContaining({ rule: "correlation", answer: "first" })]),
    });
    expect(await one.inbound.find(second)).toMatchObject({
      state: "occurrence",
      ticket: { tid },
      reason: { code: "occurrence", text: `Counts for ticket ${tid}` },
      trace: expect.arrayContaining([{ rule: "correlation", answer: "occurrence", because: 'others have the key "disk"' }]),
    });
    expect((await one.allTickets())[0]?.decisions).toEqual(expect.arrayContaining([expect.objectContaining({ rule: "correlation", answer: "first" })]));
  });
});

describe("an event that says that it is over", () => {
  it("closes the ticket, and the next one opens it again", async () => {
    await send(0);
    const over = await send(1, "resolved");
    expect((await one.allTickets())[0]?.status).toBe("Closed");
    expect(await one.inbound.find(over)).toMatchObject({
      state: "occurrence",
      trace: expect.arrayContaining([{ rule: "status", answer: "Closed", because: "it was Open" }]),
    });
    await send(2);
    const [ticket, ...more] = await one.allTickets();
    expect([ticket?.status, more.length]).toEqual(["Open", 0]);
    expect(await one.events.occurrencesOf(ticket?.id ?? 0)).toMatchObject({
      count: 2,
      recent: [{ state: "firing" }, { state: "resolved" }, { state: "firing" }],
    });
  });

  it("is only counted where the rule says so", async () => {
    await setRule({ onResolved: "note" });
    await send(0);
    await send(1, "resolved");
    expect((await one.allTickets())[0]?.status).toBe("Open");
  });

  it("is ignored where there is no ticket", async () => {
    const id = await send(0, "resolved");
    expect(await one.inbound.find(id)).toMatchObject({ state: "ignored", reason: { code: "nothing_open" } });
    expect(await one.allTickets()).toEqual([]);
  });

  it("lets the next ones open a new ticket, one for all of them, where the rule says so", async () => {
    await setRule({ afterResolved: "new" });
    await send(0);
    await send(1, "resolved");
    const ids = await Promise.all(Array.from({ length: 50 }, (_, n) => one.receive(alert("disk"), { at: at(2 + n / 60) })));
    await Promise.all(ids.map((id, n) => (n % 2 === 0 ? one : two).run(id)));
    const tickets = await one.allTickets();
    expect(tickets.map(({ status }) => status)).toEqual(["Closed", "Open"]);
    expect((await one.events.occurrencesOf(tickets[1]?.id ?? 0))?.count).toBe(50);
  });

  it("closes the ticket as well when it is decided before the one that opens it", async () => {
    const first = await one.receive(alert("disk"), { at: at(0) });
    await send(1, "resolved");
    await one.run(first);
    expect((await one.allTickets()).map(({ status }) => status)).toEqual(["Closed"]);
  });

  it("closes nothing when one that came later was decided before", async () => {
    const over = await one.receive(alert("disk", "resolved"), { at: at(1) });
    await send(0);
    await send(2);
    await one.run(over);
    expect((await one.allTickets())[0]?.status).toBe("Open");
    expect((await one.inbound.find(over))?.trace.at(-1)).toEqual({ rule: "status", answer: "unchanged", because: "it had heard of what happened later" });
  });
});

describe("events that say when they happened", () => {
  const tell = async (state: string, happened: number, cameIn: number) => {
    const id = await one.receive({ ...alert("disk", state), when: at(happened).toISOString() }, { at: at(cameIn) });
    await one.run(id);
    return id;
  };
  const statuses = async () => (await one.allTickets()).map(({ status }) => status);
  beforeEach(() => setRule({ happenedAt: "when" }));

  it("and come late open nothing again that is over", async () => {
    await tell("firing", 0, 0);
    await tell("resolved", 5, 5);
    const late = await tell("firing", 4, 30);
    expect(await statuses()).toEqual(["Closed"]);
    expect((await one.inbound.find(late))?.trace.at(-1)).toMatchObject({ rule: "status", answer: "unchanged" });
    await tell("firing", 31, 31);
    expect(await statuses()).toEqual(["Open"]);
  });

  it("and come late begin no new ticket, where the next one does", async () => {
    await setRule({ afterResolved: "new" });
    await tell("firing", 0, 0);
    await tell("resolved", 5, 5);
    await tell("firing", 4, 30);
    expect(await statuses()).toEqual(["Closed"]);
    await tell("firing", 31, 31);
    expect(await statuses()).toEqual(["Closed", "Open"]);
  });

  it("close the ticket that a late one opens", async () => {
    await tell("resolved", 5, 5);
    await tell("firing", 4, 30);
    expect(await statuses()).toEqual(["Closed"]);
  });

  it("are told apart by when they came in, of the same second", async () => {
    await tell("firing", 0, 1);
    await tell("resolved", 0, 2);
    expect(await statuses()).toEqual(["Closed"]);
    await tell("firing", 0, 3);
    expect(await statuses()).toEqual(["Open"]);
  });

  it("with a clock ahead of ours hold up none that comes after them", async () => {
    await tell("firing", 50_000, 0);
    await tell("resolved", 1, 1);
    expect(await statuses()).toEqual(["Closed"]);
  });
});

describe("a ticket that a human has changed", () => {
  it("and closed is opened again by the next event, or stays closed beside a new one, as the rule says", async () => {
    await send(0);
    const [ticket] = await one.allTickets();
    await one.setStatus(ticket?.id ?? 0, "Closed");
    await send(1);
    expect((await one.allTickets()).map(({ status }) => status)).toEqual(["Open"]);
    await one.setStatus(ticket?.id ?? 0, "Closed");
    await setRule({ afterResolved: "new" });
    await send(2);
    expect((await one.allTickets()).map(({ status }) => status)).toEqual(["Closed", "Open"]);
  });

  it("after an event is not changed back when that event is decided once more", async () => {
    await send(0);
    const over = await one.receive(alert("disk", "resolved"), { at: at(1) });
    await expect(one.run(over, { call: "decide", when: "before" })).rejects.toThrow("before decide");
    const [ticket] = await one.allTickets();
    expect(ticket?.status).toBe("Closed");
    await one.setStatus(ticket?.id ?? 0, "In Progress");
    await one.run(over);
    expect((await one.allTickets())[0]?.status).toBe("In Progress");
    expect(await stateOf(over)).toBe("occurrence");
  });
});

describe("a worker that dies", () => {
  const deaths: Death[] = (["settleBelonging", "commit", "decide"] as const).flatMap((call) => (["before", "after"] as const).map((when) => ({ call, when })));

  it.each(deaths)("$when $call leaves the same as one that lives", async (death) => {
    const first = await one.receive(alert("disk"), { at: at(0) });
    const later = await one.receive(alert("disk"), { at: at(1) });
    await expect(one.run(first, death)).rejects.toThrow(death.call);
    await two.run(later);
    await two.run(first);
    const tickets = await one.allTickets();
    expect(tickets).toHaveLength(1);
    expect((await one.events.occurrencesOf(tickets[0]?.id ?? 0))?.count).toBe(2);
    expect([await stateOf(first), await stateOf(later)].sort()).toEqual(["occurrence", "ticket"]);
  });

  it("with its ticket open leaves the event to its ticket, even when others have begun anew meanwhile", async () => {
    await setRule({ afterResolved: "new" });
    const first = await one.receive(alert("disk"), { at: at(0) });
    await expect(one.run(first, { call: "commit", when: "after" })).rejects.toThrow("after commit");
    await send(1, "resolved");
    await send(2);
    await one.run(first);
    const tickets = await one.allTickets();
    expect(tickets.map(({ status }) => status)).toEqual(["Closed", "Open"]);
    expect(await one.inbound.find(first)).toMatchObject({ state: "ticket", ticket: { id: tickets[0]?.id } });
  });
});

describe("an event that OpenTicket refuses", () => {
  it("is refused with its reason, and the sound ones with its key have their ticket", async () => {
    const bad = await one.receive({ name: "disk", state: "firing" }, { at: at(0) });
    await one.run(bad);
    expect(await one.inbound.find(bad)).toMatchObject({ state: "refused", reason: { code: "invalid", text: expect.stringMatching(/message/i) } });
    await send(1);
    await send(2);
    expect(await one.allTickets()).toHaveLength(1);
  });

  it("whose source has no department says so", async () => {
    await one.store.db.collection<{ _id: string }>("webhooksources").updateOne({ _id: "alerts" }, { $unset: { defaults: 1 } });
    const id = await send(0);
    expect(await one.inbound.find(id)).toMatchObject({ state: "refused", reason: { text: expect.stringMatching(/department|name/i) } });
  });
});

describe("an event that waits for an operator", () => {
  it("has no source any more", async () => {
    const id = await one.receive(alert("disk"), { source: "gone" });
    await one.run(id);
    expect(await one.inbound.find(id)).toMatchObject({ state: "quarantined", reason: { code: "source_gone" } });
  });

  it("has an expression that fails, and becomes a ticket once that is mended and it is replayed", async () => {
    const sources = one.store.db.collection<{ _id: string }>("webhooksources");
    await sources.updateOne({ _id: "alerts" }, { $set: { "mapping.ticket.subject": "$number(name)" } });
    const id = await send(0);
    expect(await one.inbound.find(id)).toMatchObject({
      state: "quarantined",
      reason: { code: "mapping_failed", text: expect.stringContaining("mapping.ticket.subject") },
    });
    await sources.updateOne({ _id: "alerts" }, { $set: { "mapping.ticket.subject": "name" } });
    await one.inbound.putBack(id, { checkAt: new Date(), note: { rule: "operator", answer: "replayed" } });
    await one.run(id);
    expect(await stateOf(id)).toBe("ticket");
  });
});
