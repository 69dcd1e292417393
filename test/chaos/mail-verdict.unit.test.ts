import { expect, it } from "vitest";
import type { StoredMail, StoredTicket } from "./count.ts";
import type { Acknowledgement, ExpectedMail, RequestEntry } from "./ledger.ts";
import { judgeMailsIn } from "./mail-verdict.ts";

const MESSAGE_ID = "<1.1@guests.example.test>";
const TOLD: Acknowledgement = { kind: "stored", inboundId: "inb_1" };

function handedIn(fields: Partial<RequestEntry> = {}, mail: Partial<ExpectedMail> = {}): RequestEntry {
  const expected: ExpectedMail = { messageId: MESSAGE_ID, endsAs: "ticket", text: "Hello\r\n.there\r\n", ...mail };
  return { tag: "chaos-1-1.", door: "smtp", mail: expected, acknowledgements: [TOLD], failures: 0, isGivenUp: false, ...fields };
}

function record(fields: Partial<StoredMail> = {}): StoredMail {
  const ticket = { id: 1, tid: "100001" };
  return {
    _id: "inb_1",
    mailbox: "support@example.test",
    source: {},
    messageId: MESSAGE_ID,
    state: "ticket",
    reason: { code: "ticket_opened", text: "" },
    ticket,
    repetitions: 0,
    ...fields,
  };
}

const TICKET: StoredTicket = {
  _id: "req_1",
  requestId: "req_1",
  id: 1,
  tid: "100001",
  c: "c",
  subject: "Mail chaos-1-1.",
  message: "Hello\n.there",
  outbox: [],
};
const quarantined = (fields: Partial<StoredMail> = {}) => {
  const { messageId: _, ticket: __, ...rest } = record({ state: "quarantined", reason: { code: "malformed", text: "" } });
  return { ...rest, ...fields };
};

interface Given {
  entry?: RequestEntry;
  inbound?: StoredMail[];
  tickets?: StoredTicket[];
}

function breachesOf({ entry = handedIn(), inbound = [record()], tickets = [TICKET] }: Given = {}): string[] {
  return judgeMailsIn({ requests: [entry] }, { inbound, tickets }).map((line) => line.split(":", 1)[0] ?? "");
}

const noMail = (acknowledgements: Acknowledgement[]): RequestEntry => {
  const { mail, ...rest } = handedIn({ wrongWith: "malformed", acknowledgements }, { endsAs: "quarantined" });
  return { ...rest, mail: { endsAs: "quarantined", text: mail?.text ?? "" } };
};

it("a mail with its one record and its one ticket breaks nothing", () => {
  expect(breachesOf()).toEqual([]);
  expect(breachesOf({ entry: handedIn({ acknowledgements: [TOLD, TOLD] }) })).toEqual([]);
  expect(breachesOf({ entry: handedIn({ acknowledgements: [] }) })).toEqual([]);
  expect(breachesOf({ entry: handedIn({ acknowledgements: [] }), inbound: [], tickets: [] })).toEqual([]);
});

it("what is no mail is known by the name that was told, and was it never told, there may be one", () => {
  expect(breachesOf({ entry: noMail([TOLD]), inbound: [quarantined()], tickets: [] })).toEqual([]);
  expect(breachesOf({ entry: noMail([]), inbound: [quarantined()], tickets: [] })).toEqual([]);
  expect(breachesOf({ entry: noMail([]), inbound: [quarantined(), quarantined({ _id: "inb_2" })], tickets: [] })).toEqual(["mail-in-stranger"]);
  expect(breachesOf({ entry: noMail([TOLD]), inbound: [quarantined(), quarantined({ _id: "inb_2" })], tickets: [] })).toEqual(["mail-in-stranger"]);
});

it.each<[string, string, Given]>([
  ["a mail that was told yes and is not there", "mail-in-lost", { inbound: [], tickets: [] }],
  ["a record that nobody has decided", "mail-in-lost", { inbound: [record({ state: "stored" })] }],
  ["a record whose ticket is not there", "mail-in-lost", { tickets: [] }],
  ["a record that names another mail's ticket", "mail-in-lost", { tickets: [{ ...TICKET, subject: "Mail chaos-1-11." }] }],
  ["two records of one mail", "mail-in-twice", { inbound: [record(), record({ _id: "inb_2" })] }],
  ["a second name for the same mail", "mail-in-names", { entry: handedIn({ acknowledgements: [TOLD, { kind: "stored", inboundId: "inb_2" }] }) }],
  ["a good mail in quarantine", "mail-in-wrong", { inbound: [quarantined({ messageId: MESSAGE_ID })] }],
  ["a bad one that became a ticket", "mail-in-wrong", { entry: handedIn({ wrongWith: "malformed" }, { endsAs: "quarantined" }) }],
  [
    "one that was ignored for another reason",
    "mail-in-wrong",
    { entry: handedIn({ wrongWith: "auto_reply" }, { endsAs: "ignored" }), inbound: [quarantined()] },
  ],
  ["a ticket that says something else", "mail-in-text", { tickets: [{ ...TICKET, message: "Hello" }] }],
  ["a record of no mail", "mail-in-stranger", { inbound: [record(), record({ _id: "inb_2", messageId: "<other@x>" })] }],
])("%s is a breach", (_what, name, given) => {
  expect(breachesOf(given)).toEqual([name]);
});
