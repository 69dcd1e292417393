import { fingerprintOf, type OpenTicketCommand, type Receipt, type RejectionRecord, type TicketRecord } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { type AcceptDeps, accept, handOverAndWait } from "../src/intake/accept.ts";
import { QueueUnavailable, ReplyLate } from "../src/intake/ports.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const command = (subject = "first"): OpenTicketCommand => ({
  v: 1,
  requestId: "req_1",
  idempotencyKey: "key",
  source: { channel: "rest", credential: "c" },
  receivedAt: NOW.toISOString(),
  ticket: { subject },
});
const record = (of: OpenTicketCommand) => ({ _id: "req_1", requestId: "req_1", fingerprint: fingerprintOf(of) });
const ticketOf = (of: OpenTicketCommand) => ({ ...record(of), id: 7, tid: "T7", c: "code" }) as TicketRecord;
const rejectionOf = (of: OpenTicketCommand) => ({ ...record(of), errors: [{ code: "x", message: "wrong" }] }) as RejectionRecord;
const decidedReceipt = (of: OpenTicketCommand): Receipt => ({ ...record(of), source: of.source, acceptedAt: NOW, requeued: 0, decidedAt: NOW });

/** A door whose store holds what is given; `underWay`: a job of the request waits in the queue. */
function door({
  receipt,
  ticket,
  rejection,
  underWay = false,
}: {
  receipt?: Receipt;
  ticket?: () => TicketRecord | undefined;
  rejection?: RejectionRecord;
  underWay?: boolean;
}) {
  const enqueued: string[] = [];
  const receipts: Receipt[] = [];
  const faults: unknown[] = [];
  const besides: Promise<void>[] = [];
  let nowMs = 0;
  const findTicket = async () => ticket?.();
  const findRejection = async () => rejection;
  const deps: AcceptDeps = {
    queue: {
      submit: async ({ requestId }) => void enqueued.push(requestId),
      submitAndWait: async ({ requestId }) => {
        enqueued.push(requestId);
        throw new ReplyLate(requestId);
      },
      isUnderWay: async () => underWay,
    },
    receipts: {
      async accept(given) {
        if (receipt) return { kind: "exists", receipt };
        receipts.push(given);
        return { kind: "accepted" };
      },
      reopen: async (given) => void receipts.push(given),
      find: async () => receipt,
    },
    tickets: {
      findByIdentity: findTicket,
      findByRequestId: findTicket,
      findReplyByRequestId: async () => undefined,
      findRejection,
      findRejectionByRequestId: findRejection,
      findDeadLetter: async () => undefined,
    },
    asyncDurability: "store",
    replyTimeoutMs: 5000,
    now: () => NOW,
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    onNotEnqueued: (_requestId, fault) => void faults.push(fault),
    beside: (work) => void besides.push(work),
  };
  return { deps, enqueued, receipts, faults, besides, waitedMs: () => nowMs };
}

describe("a request that does not wait", () => {
  it("is seen through anew when its key's receipt has outlived the rejection", async () => {
    const { deps, enqueued, receipts } = door({ receipt: decidedReceipt(command()) });
    expect(await accept(command("changed since"), deps)).toEqual({ kind: "accepted" });
    expect([enqueued, receipts.length]).toEqual([["req_1"], 1]);
  });

  it("is not done again while its outcome is there", async () => {
    const { deps, enqueued } = door({ receipt: decidedReceipt(command()), ticket: () => ticketOf(command()) });
    expect(await accept(command(), deps)).toEqual({ kind: "accepted" });
    expect((await accept(command("other"), deps)).kind).toBe("conflict");
    expect(enqueued).toEqual([]);
  });

  it("is a conflict with what is under way under its key", async () => {
    const { decidedAt, ...open } = decidedReceipt(command());
    const { deps, enqueued } = door({ receipt: open });
    expect((await accept(command("other"), deps)).kind).toBe("conflict");
    expect(enqueued).toEqual([]);
  });
});

describe("a request that is late", () => {
  it("is answered within two seconds of its deadline though the store is slow, and has its receipt, or the log its fault, later", async () => {
    const { deps, faults, besides, waitedMs } = door({});
    const fault = new Error("no answer within 30000 ms");
    let fail: (error: Error) => void = () => undefined;
    deps.receipts.accept = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    await expect(handOverAndWait(command(), deps)).rejects.toBeInstanceOf(ReplyLate);
    expect([waitedMs(), faults]).toEqual([2000, []]);
    fail(fault);
    await Promise.all(besides);
    expect([besides.length, faults]).toEqual([1, [fault]]);
  }, 1000);

  it("has its receipt when it is answered, where the store is quick", async () => {
    const { deps, receipts } = door({});
    await expect(handOverAndWait(command(), deps)).rejects.toBeInstanceOf(ReplyLate);
    expect(receipts).toHaveLength(1);
  });

  it("has one as well where the queue alone was to make it accepted, and does not say whether it has it", async () => {
    const { deps, receipts } = door({});
    deps.queue.submit = () => Promise.reject(new ReplyLate("req_1"));
    await expect(accept(command(), { ...deps, asyncDurability: "queue" })).rejects.toBeInstanceOf(ReplyLate);
    expect(receipts).toHaveLength(1);
  });

  it("has none where the queue has refused it", async () => {
    const { deps, receipts } = door({});
    deps.queue.submit = () => Promise.reject(new QueueUnavailable("away"));
    await expect(accept(command(), { ...deps, asyncDurability: "queue" })).rejects.toBeInstanceOf(QueueUnavailable);
    expect(receipts).toEqual([]);
  });
});

describe("a request that comes back while its job still waits in the queue", () => {
  it("adds no job, and gets the outcome of the one that is there", async () => {
    let looks = 0;
    const { deps, enqueued } = door({ underWay: true, ticket: () => (++looks < 3 ? undefined : ticketOf(command())) });
    expect(await handOverAndWait(command(), deps)).toMatchObject({ result: "success", id: 7, replayed: true });
    expect(enqueued).toEqual([]);
  });

  it("gets a rejection as well, and a conflict where the key has come to something else", async () => {
    const { deps } = door({ underWay: true, rejection: rejectionOf(command()) });
    expect(await handOverAndWait(command(), deps)).toMatchObject({ result: "error", errors: [{ code: "x" }], replayed: true });
    const other = door({ underWay: true, ticket: () => ticketOf(command("other")) });
    expect(await handOverAndWait(command(), other.deps)).toMatchObject({ result: "error", errors: [{ code: "idempotency_key_reused" }] });
  });

  it("is late again when nothing comes of it in time, with a receipt", async () => {
    const { deps, enqueued, receipts } = door({ underWay: true });
    await expect(handOverAndWait(command(), deps)).rejects.toBeInstanceOf(ReplyLate);
    expect([enqueued, receipts.length]).toEqual([[], 1]);
  });
});
