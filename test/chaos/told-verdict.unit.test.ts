import { expect, it } from "vitest";
import type { StoredTicket } from "./count.ts";
import { judgeTold, type ToldEvent } from "./told-verdict.ts";

const TICKET: StoredTicket = { _id: "req_1", requestId: "req_1", id: 1, tid: "100001", c: "c", subject: "Event chaos-1-1.", message: "text", outbox: [] };

function told(fields: Partial<ToldEvent> = {}): ToldEvent {
  return { eventId: "evt_1", ticket: { id: 1, tid: "100001", subject: "Event chaos-1-1." }, isTaken: true, ...fields };
}

const breachesOf = (calls: ToldEvent[], tickets = [TICKET]) => judgeTold(calls, tickets).map((line) => line.split(":", 1)[0]);

it("a ticket that was told of once, or again under the same name, breaks nothing", () => {
  expect(breachesOf([told()])).toEqual([]);
  expect(breachesOf([told({ isTaken: false }), told(), told()])).toEqual([]);
});

it.each<[string, string, ToldEvent[], StoredTicket[]?]>([
  ["a ticket that nobody told of", "told-never", []],
  ["a ticket whose every call failed", "told-never", [told({ isTaken: false })]],
  ["a second name for the same event", "told-names", [told(), told({ eventId: "evt_2" })]],
  ["one name for the events of two tickets", "told-names", [told(), told({ ticket: { id: 2, tid: "100002", subject: "Event chaos-1-2." } })]],
  ["an event of a ticket that is not there", "told-stray", [told()], []],
  ["an event that a failed call told of what is not there", "told-stray", [told({ isTaken: false })], []],
  ["an event with another ticket's number", "told-wrongly", [told({ ticket: { id: 1, tid: "100009", subject: "Event chaos-1-1." } })]],
  ["a call that is not signed as it should", "told-wrongly", [told(), { eventId: "evt_1", fault: "no signature matches", isTaken: true }]],
])("%s is a breach", (_what, name, calls, tickets) => {
  expect(breachesOf(calls, tickets)).toContain(name);
});
