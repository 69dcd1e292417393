import type { InboundRecord } from "@openticket/contract";
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
        let size = 0;
        for await (const chunk of content) size += chunk.length;
        return { sha256: "0".repeat(64), size };
      },
    },
    inbound: {
      async accept(record) {
        if (records.has(record._id)) return { kind: "exists" };
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
