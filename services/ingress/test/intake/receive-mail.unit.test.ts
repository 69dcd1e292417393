import { createHash } from "node:crypto";
import { type InboundRecord, isSameMail } from "@openticket/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { type Delivery, type ReceiveMailDeps, receiveMail } from "../../src/intake/receive-mail.ts";

const MINUTE_MS = 60_000;
const ALARM = "From: ups@dev.example\r\nSubject: UPS on battery\r\n\r\nrunning\r\n";

let records: Map<string, InboundRecord>;
let nowMs: number;
let deps: ReceiveMailDeps;
beforeEach(() => {
  records = new Map();
  nowMs = Date.parse("2026-01-01T12:00:00Z");
  deps = {
    blobs: {
      async put(content) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of content) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        return { sha256: sha256(bytes), size: bytes.length };
      },
    },
    inbound: {
      async accept(record) {
        const standing = records.get(record._id);
        if (standing) return { kind: isSameMail(standing, record) ? "exists" : "another" };
        records.set(record._id, record);
        return { kind: "accepted" };
      },
      find: async (id) => records.get(id),
    },
    submit: async () => {},
    sameMail: "each",
    now: () => new Date(nowMs),
    onNotEnqueued: () => {},
  };
});

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

/** True when the message counts as a repetition, this many minutes after noon. */
async function isRepetition(text: string, minutes: number, more: Partial<Delivery> = {}): Promise<boolean> {
  nowMs = Date.parse("2026-01-01T12:00:00Z") + minutes * MINUTE_MS;
  async function* raw() {
    yield Buffer.from(text);
  }
  const mailboxes = [{ address: "support@example.test", envelopeTo: ["support@example.test"] }];
  const received = await receiveMail(raw(), { mailboxes, source: { door: "smtp" }, maxBytes: 1000, maxHops: 5, ...more }, deps);
  if (received.kind !== "received") throw new Error(received.kind);
  return received.inbound.every((one) => one.isRepetition);
}

describe("an alarm without Message-ID and Date", () => {
  it.each([0, 1, 30, 59])("that begins %i minutes past the hour is a repetition for an hour, and then news", async (start) => {
    expect(await isRepetition(ALARM, start)).toBe(false);
    for (const minutes of [0, 5, 30, 59]) expect(await isRepetition(ALARM, start + minutes)).toBe(true);
    expect(await isRepetition(ALARM, start + 120)).toBe(false);
    expect(await isRepetition(ALARM, start + 125)).toBe(true);
    expect(records.size).toBe(2);
  });

  it("that one mail server took once is one however long its queue keeps it", async () => {
    expect(await isRepetition(`Received: by relay id 1; Mon\r\n${ALARM}`, 0)).toBe(false);
    expect(await isRepetition(`Received: by relay id 2; Mon\r\n${ALARM}`, 1)).toBe(false);
    expect(await isRepetition(`Received: by relay id 1; Mon\r\n${ALARM}`, 3000)).toBe(true);
  });

  it("is the same over whatever way, and for good where a door may bring it again after days", async () => {
    expect(await isRepetition(ALARM, 0)).toBe(false);
    expect(await isRepetition(ALARM, 10, { repeatsLate: true })).toBe(true);
    expect(await isRepetition(ALARM, 3000, { repeatsLate: true })).toBe(true);
    expect(await isRepetition(ALARM, 3000)).toBe(false);
    expect(records.size).toBe(2);
  });
});

it.each(["Message-ID: <1@dev.example>\r\n", "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n"])("with %j a mail stays the same for good", async (header) => {
  expect(await isRepetition(header + ALARM, 0)).toBe(false);
  expect(await isRepetition(header + ALARM, 100_000)).toBe(true);
  expect(await isRepetition(header + ALARM, 200_000, { repeatsLate: true })).toBe(true);
});

describe("a device that gives all its mails one Message-ID", () => {
  const [ID, MONDAY, TUESDAY] = ["Message-ID: <alarm@nvr>\r\n", "Date: Mon, 5 Jan 2026 12:00:00 +0000\r\n", "Date: Tue, 6 Jan 2026 12:00:00 +0000\r\n"];

  it.each([ID, "Message-ID: <>\r\n"])("and the same words is heard each time that its Date is another: %j", async (id) => {
    expect(await isRepetition(id + MONDAY + ALARM, 0)).toBe(false);
    expect(await isRepetition(id + TUESDAY + ALARM, 1440)).toBe(false);
    for (const more of [{}, { repeatsLate: true }])
      for (const date of [MONDAY, TUESDAY]) expect(await isRepetition(`Received: by z\r\n${id}${date}${ALARM}`, 3000, more)).toBe(true);
    expect(new Set([...records.values()].map(({ requestId }) => requestId)).size).toBe(2);
  });

  it.each<[string, string]>([
    ["by a list that names itself in the subject", ID + MONDAY + ALARM.replace("UPS", "[list] UPS")],
    ["with its Date written otherwise", `${ID}Date: 5 Jan 2026\r\n 13:00 +0100 (CET)\r\n${ALARM}`],
    ["without its Date", ID + ALARM],
    ["with a Date that says nothing", `${ID}Date: yesterday\r\n${ALARM}`],
  ])("has the same copy of one alarm %s", async (_what, copy) => {
    expect(await isRepetition(ID + MONDAY + ALARM, 0)).toBe(false);
    expect(await isRepetition(copy, 1440)).toBe(true);
  });

  it("brings the same mail again where a record of an earlier version does not say when it was written", async () => {
    await isRepetition(ID + MONDAY + ALARM, 4 * 1440);
    for (const record of records.values()) delete record.writtenAt;
    expect(await isRepetition(ID + MONDAY + ALARM, 9000, { repeatsLate: true })).toBe(true);
    expect(records.size).toBe(1);
  });

  it("is heard again once the Date is later than a mail without one came in: one of a stranger, or of an earlier version", async () => {
    const at = (day: number) => `${ID}Date: ${day} Jan 2026 12:00:00 +0000\r\n${ALARM}`;
    expect(await isRepetition(ID + ALARM, 0)).toBe(false);
    expect(await isRepetition(at(1), 1)).toBe(true);
    for (const day of [5, 6, 7]) expect(await isRepetition(at(day), (day - 1) * 1440)).toBe(false);
    for (const copy of [at(1), at(5), at(6), at(7), ID + ALARM]) expect(await isRepetition(`Received: by z\r\n${copy}`, 100_000)).toBe(true);
    expect(records.size).toBe(4);
  });

  it("is not believed to write in the future: nothing is proven by that", async () => {
    await isRepetition(ID + ALARM, 0);
    expect(await isRepetition(ID + TUESDAY + ALARM, 60)).toBe(true);
    expect(records.size).toBe(1);
  });

  it("has two records of two alarms, however many copies of both come at one moment", async () => {
    const copies = [MONDAY, TUESDAY, TUESDAY, MONDAY].map((date) => isRepetition(ID + date + ALARM, 0));
    expect((await Promise.all(copies)).filter((isAgain) => !isAgain)).toHaveLength(2);
    expect([...records.values()].map(({ writtenAt }) => writtenAt?.getUTCDate()).toSorted()).toEqual([5, 6]);
  });
});

describe("a mail with an empty Message-ID that an earlier version has stored under it", () => {
  const dated = (day: number) => `Message-ID: <>\r\nDate: ${day} Jan 2026 12:00:00 +0000\r\n${ALARM}`;
  const former = `inb_${sha256(`support@example.test\0${sha256(`id\0<>\0${sha256("running")}`)}`).slice(0, 32)}`;
  /** What that version has of the mail of the fifth, which came at noon of that day. */
  async function storedAs(left: Partial<InboundRecord> = {}): Promise<void> {
    await isRepetition(dated(5), 4 * 1440);
    const [record] = records.values();
    if (!record) throw new Error("no record");
    expect(record._id).not.toBe(former);
    const { writtenAt, ...undated } = record;
    records = new Map([[former, { ...undated, ...left, _id: former }]]);
  }

  it("is found there by its bytes", async () => {
    await storedAs();
    expect(await isRepetition(dated(5), 9000, { repeatsLate: true })).toBe(true);
    expect(await isRepetition(`X: y\r\n${dated(5)}`, 9000)).toBe(false);
  });

  it("is found there when it was erased, with what was written by then; what is written later is another", async () => {
    await storedAs({ raw: { sha256: "", size: 0 } });
    for (const day of [2, 5]) expect(await isRepetition(dated(day), 9000, { repeatsLate: true })).toBe(true);
    expect(await isRepetition(dated(7), 9000, { repeatsLate: true })).toBe(false);
    expect(await isRepetition(dated(7), 9000)).toBe(true);
    expect(records.size).toBe(2);
  });
});
