import { expect, it } from "vitest";
import type { StoredMail, StoredTicket } from "./count.ts";
import { judgeEventsIn } from "./event-verdict.ts";
import type { Acknowledgement, ExpectedEvent, RequestEntry } from "./ledger.ts";

const TOLD: Acknowledgement = { kind: "stored", inboundId: "inb_1" };
const TICKET: StoredTicket = { _id: "req_1", requestId: "req_1", id: 1, tid: "100001", c: "c", subject: "Event chaos-1-1.", message: "text", outbox: [] };

function brought(fields: Partial<RequestEntry> = {}, event: Partial<ExpectedEvent> = {}): RequestEntry {
  const expected: ExpectedEvent = { eventId: "e-1", endsAs: "ticket", ...event };
  return { tag: "chaos-1-1.", door: "webhook-event", event: expected, acknowledgements: [TOLD], failures: 0, isGivenUp: false, ...fields };
}

function record(fields: Partial<StoredMail> = {}, eventId = "e-1"): StoredMail {
  const outcome = { state: "ticket", reason: { code: "ticket_opened", text: "" }, ticket: { id: 1, tid: "100001" } };
  return { _id: "inb_1", mailbox: "webhook:chaos", source: { webhook: { eventId } }, repetitions: 0, ...outcome, ...fields };
}

const occurrence = (fields: Partial<StoredMail> = {}) =>
  record({ _id: "inb_2", state: "occurrence", reason: { code: "occurrence", text: "" }, ...fields }, "e-2");
const alerts = (acknowledged: Acknowledgement[] = [{ kind: "stored", inboundId: "inb_2" }]) => [
  brought({}, { endsAs: "shared" }),
  brought({ acknowledgements: acknowledged }, { endsAs: "shared", eventId: "e-2" }),
];

interface Given {
  entries?: RequestEntry[];
  inbound?: StoredMail[];
  tickets?: StoredTicket[];
}

function breachesOf({ entries = [brought()], inbound = [record()], tickets = [TICKET] }: Given = {}): string[] {
  return judgeEventsIn({ requests: entries }, { inbound, tickets }).map((line) => line.split(":", 1)[0] ?? "");
}

it("an event with its one record and its ticket breaks nothing, nor does one that nobody said yes to", () => {
  expect(breachesOf()).toEqual([]);
  expect(breachesOf({ entries: [brought({ acknowledgements: [TOLD, TOLD] })] })).toEqual([]);
  expect(breachesOf({ entries: [brought({ acknowledgements: [] })] })).toEqual([]);
  expect(breachesOf({ entries: [brought({ acknowledgements: [] })], inbound: [], tickets: [] })).toEqual([]);
});

it("alerts about one thing are one ticket and its occurrences", () => {
  expect(breachesOf({ entries: alerts(), inbound: [record(), occurrence()] })).toEqual([]);
});

it("a forged event is nowhere", () => {
  expect(breachesOf({ entries: [brought({ acknowledgements: [] }, { endsAs: "nowhere" })], inbound: [], tickets: [] })).toEqual([]);
});

it.each<[string, string, Given]>([
  ["an event that was told yes and is not there", "event-lost", { inbound: [], tickets: [] }],
  ["a record that nobody has decided", "event-lost", { inbound: [record({ state: "stored" })] }],
  ["a record whose ticket is not there", "event-lost", { tickets: [] }],
  ["a record that names another event's ticket", "event-lost", { tickets: [{ ...TICKET, subject: "Event chaos-1-11." }] }],
  ["an alert that was told yes and counts nowhere", "event-lost", { entries: alerts() }],
  ["two records of one event", "event-twice", { inbound: [record(), record({ _id: "inb_2" })] }],
  ["a second name for the same event", "event-names", { entries: [brought({ acknowledgements: [TOLD, { kind: "stored", inboundId: "inb_9" }] })] }],
  ["a good event in quarantine", "event-wrong", { inbound: [record({ state: "quarantined", reason: { code: "mapping_failed", text: "" } })] }],
  ["an event that stands alone and counts for another's ticket", "event-wrong", { inbound: [{ ...occurrence(), source: record().source, _id: "inb_1" }] }],
  ["a forged event that was taken", "event-forged", { entries: [brought({ acknowledgements: [] }, { endsAs: "nowhere" })] }],
  ["a record of no event", "event-stranger", { inbound: [record(), record({ _id: "inb_9" }, "e-9")] }],
  ["two alerts that both opened the ticket", "event-openers", { entries: alerts(), inbound: [record(), record({ _id: "inb_2" }, "e-2")] }],
  ["alerts of which none opened the ticket", "event-openers", { entries: alerts([]).slice(1), inbound: [occurrence()] }],
])("%s is a breach", (_what, name, given) => {
  expect(breachesOf(given)).toContain(name);
});
