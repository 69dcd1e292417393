import { Readable } from "node:stream";
import type { InboundRecord } from "@openticket/contract";
import { makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import type { Stored } from "../../src/mail/carry-out.ts";
import { type InboundDeps, inboundAction } from "../../src/mail/inbound-action.ts";
import { makeRawMemory } from "../../src/mail/raw-memory.ts";
import { loadRaw, makeRoomForMessages, RawMessageDamaged } from "../../src/mail/raw-message.ts";
import { department, depsOf, mail, record, type World } from "./build.ts";

const RAW = Buffer.from("From: gus@guest.example\r\n\r\nIt burns.\r\n");

/** The action over a small world, with what it has done. */
function build({ world = {}, of = {}, about = {} }: { world?: World; of?: Partial<InboundDeps>; about?: Partial<InboundRecord> } = {}) {
  const done: string[] = [];
  const noted: Parameters<InboundDeps["inbound"]["decide"]>[1][] = [];
  const stands = record({ raw: { sha256: "0".repeat(64), size: RAW.length }, ...about });
  const { authenticate, ...decisions } = depsOf(world);
  const opened: Stored = { kind: "stored", ticket: { id: 9, tid: "900000" }, deliver: async () => void done.push("delivered") };
  const deps: InboundDeps = {
    inbound: {
      find: async (id) => (id === stands._id ? stands : undefined),
      async decide(_id, outcome) {
        noted.push(outcome);
        done.push("noted");
      },
    },
    reader: { read: async () => ({ kind: "understood", mail: mail() }) },
    rawMessages: { open: async () => Readable.from([RAW]), readSmall: async () => undefined },
    room: makeRoomForMessages(),
    decisions,
    authenticate: async (_raw, given, given2) => authenticate(given, given2),
    async openTicket() {
      done.push("ticket");
      return opened;
    },
    addReply: async () => ({ kind: "stored", ticket: { id: 7, tid: "516757", replyId: 3 } }),
    blobs: { put: async () => ({ sha256: "1".repeat(64), size: 1 }) },
    limits: { count: 20, bytes: 1000, totalBytes: 1000, extensions: "any" },
    noteBounce: async () => void done.push("bounce"),
    mute: async () => void done.push("mute"),
    oweNotice: async () => void done.push("notice"),
    metrics: makeMetrics(),
    ...of,
  };
  const data = { v: 1, requestId: "req_1", inboundId: "inb_1", receivedAt: "2026-03-04T05:06:07Z" };
  const read = inboundAction(deps).read(data, { requestId: "req_job" });
  return { done, noted, run: () => (read.kind === "runnable" ? read.run() : Promise.reject(new Error(read.reason))) };
}

describe("the job of a message", () => {
  it("notes the outcome after the ticket is stored, and delivers after that", async () => {
    const { run, done, noted } = build();
    const decided = await run();
    await decided.deliver?.();
    expect(done).toEqual(["ticket", "noted", "delivered"]);
    expect(decided.kind).toBe("mail-ticket");
    expect(noted).toMatchObject([
      { state: "ticket", reason: { code: "ticket_opened" }, ticket: { id: 9, tid: "900000" }, summary: { from: "gus@guest.example", kind: "ticket" } },
    ]);
  });

  it("run again after a crash between ticket and note stores nothing more, and notes the same", async () => {
    const { run, done, noted } = build({ world: { earlier: { req_1: { id: 9, tid: "900000" } } } });
    await run();
    expect(done).toEqual(["noted"]);
    expect(noted).toMatchObject([{ state: "ticket", ticket: { id: 9 } }]);
  });

  it("does nothing for a message that is decided, or gone", async () => {
    const decided = build({ about: { state: "ignored" } });
    expect(await decided.run()).toEqual({ kind: "mail-decided" });
    expect(decided.done).toEqual([]);
    expect(await build({ about: { _id: "inb_other" } }).run()).toEqual({ kind: "mail-gone" });
  });

  it("puts what its reader cannot read into quarantine", async () => {
    const { run, noted } = build({ of: { reader: { read: async () => ({ kind: "unreadable", reason: "it took longer than 5 s" }) } } });
    expect((await run()).kind).toBe("mail-quarantined");
    expect(noted).toMatchObject([{ state: "quarantined", reason: { code: "unreadable", text: expect.stringContaining("5 s") } }]);
  });

  it("notes what the pipeline refuses", async () => {
    const { run, noted } = build({ of: { openTicket: async () => ({ kind: "rejected", message: "Email Address Invalid" }) } });
    await run();
    expect(noted).toMatchObject([{ state: "refused", reason: { code: "invalid", text: "Email Address Invalid" } }]);
  });

  it("leaves the outcome open when something of ours fails, and throws it", async () => {
    const { run, noted } = build({ of: { openTicket: () => Promise.reject(new Error("away")) } });
    await expect(run()).rejects.toThrow("away");
    expect(noted).toEqual([]);
  });

  it("owes the refusal before it notes it", async () => {
    const departments = [department({ repliesOnly: true })];
    const { run, done } = build({ world: { departments, authenticity: { mayBounce: true } } });
    await run();
    expect(done).toEqual(["notice", "noted"]);
  });

  it("does not read data that is none of its own", () => {
    expect(inboundAction({} as InboundDeps).read({ ticket: {} }, { requestId: "r" })).toMatchObject({
      kind: "unreadable",
      requestId: "r",
    });
  });
});

describe("raw messages in memory", () => {
  it("are loaded whole, or not at all", async () => {
    const blobs = { open: async () => Readable.from([RAW.subarray(0, 5), RAW.subarray(5)]), readSmall: async () => undefined };
    const load = (size: number) => loadRaw({ sha256: "x", size }, () => makeRawMemory().take(size), blobs);
    const raw = await load(RAW.length);
    expect(Buffer.from(raw)).toEqual(RAW);
    expect(raw.buffer).toBeInstanceOf(SharedArrayBuffer);
    await expect(load(RAW.length + 1)).rejects.toThrow(RawMessageDamaged);
    await expect(load(RAW.length - 1)).rejects.toThrow(RawMessageDamaged);
  });

  it("are loaded at once where they are small, and from the stream where that says otherwise", async () => {
    const open = async () => Readable.from([RAW]);
    for (const small of [RAW, RAW.subarray(1)]) {
      const raw = await loadRaw({ sha256: "x", size: RAW.length }, () => makeRawMemory().take(RAW.length), { open, readSmall: async () => small });
      expect(Buffer.from(raw)).toEqual(RAW);
    }
  });

  it("take the memory that others have given back", async () => {
    const room = makeRoomForMessages();
    const used = new Set<ArrayBufferLike>();
    for (const bytes of [5_000_000, 4_500_000, 100, 8_000_000]) {
      await room(bytes, async (memory) => {
        expect(memory().length).toBe(bytes);
        expect(memory().buffer).toBe(memory().buffer);
        used.add(memory().buffer);
      });
    }
    expect(used.size).toBe(1);
  });

  it("have memory of their own while others are in hand", async () => {
    const room = makeRoomForMessages();
    const buffers = await room(10, async (one) => room(10, async (another) => [one().buffer, another().buffer]));
    expect(buffers[0]).not.toBe(buffers[1]);
  });

  it("keep no more memory than is allowed, the largest least", () => {
    const memory = makeRawMemory(3 * 1024 * 1024);
    const [small, large] = [memory.take(10), memory.take(4_000_000)];
    memory.giveBack(small);
    memory.giveBack(large);
    expect(memory.take(20).buffer).toBe(small.buffer);
    expect(memory.take(4_000_000).buffer).not.toBe(large.buffer);
  });

  it("have room for so many bytes at once, in the order in which they came", async () => {
    const room = makeRoomForMessages(100);
    const order: string[] = [];
    const gates = new Map<string, () => void>();
    const hold = (name: string, bytes: number) =>
      room(bytes, () => {
        order.push(name);
        return new Promise<void>((resolve) => gates.set(name, resolve));
      });
    const all = [hold("small", 40), hold("huge", 500), hold("later", 10)];
    await Promise.resolve();
    expect(order).toEqual(["small"]);
    gates.get("small")?.();
    await all[0];
    expect(order).toEqual(["small", "huge"]);
    gates.get("huge")?.();
    await all[1];
    expect(order).toEqual(["small", "huge", "later"]);
    gates.get("later")?.();
    await Promise.all(all);
  });
});
