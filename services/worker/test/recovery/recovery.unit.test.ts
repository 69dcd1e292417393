import type { OpenTicketCommand, Receipt, RequestStatus } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { type RecoveryDeps, sweep } from "../../src/recovery/recovery.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const command = (requestId: string): OpenTicketCommand => ({
  v: 1,
  requestId,
  source: { channel: "rest" },
  receivedAt: NOW.toISOString(),
  ticket: {},
  hasReceipt: true,
});
const receipt = (name: string, more: Partial<Receipt> = {}): Receipt => ({
  _id: name,
  fingerprint: "f",
  source: { channel: "rest" },
  acceptedAt: new Date(NOW.getTime() - 60_000),
  commandJson: JSON.stringify(command(name)),
  requeued: 0,
  ...more,
});

/** Sweeps `due` once; `decided` have an outcome, `queued` are in the queue. */
async function sweepOver(
  due: Receipt[],
  { decided = [], queued = [], buryFailed = async () => 0 }: { decided?: string[]; queued?: string[]; buryFailed?: () => Promise<number> } = {},
) {
  const closed: string[] = [];
  const enqueued: string[] = [];
  const noted: string[] = [];
  let leases: number[] = [];
  const metrics = makeMetrics();
  const deps: RecoveryDeps = {
    receipts: {
      async leaseUndecided(_now, leaseMs, limit) {
        leases = due.map(leaseMs);
        return due.slice(0, limit);
      },
      decided: async (requestId, outcome) => void closed.push(`${requestId} ${outcome}`),
      requeued: async (requestIds) => void noted.push(...requestIds),
    },
    queue: {
      missing: async (requestIds) => new Set(requestIds.filter((requestId) => !queued.includes(requestId))),
      enqueue: async (commands) => void enqueued.push(...commands.map(({ requestId }) => requestId)),
    },
    outcomes: async (requestIds) =>
      requestIds.map((requestId): RequestStatus => (decided.includes(requestId) ? done(requestId) : { requestId, state: "unknown" })),
    buryFailed,
    now: () => NOW,
    random: () => 0,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics,
  };
  const found = await sweep(deps);
  const counted = Number(/requests_requeued_total (\d+)/.exec((await metrics.expose()).body)?.[1] ?? 0);
  return { found, closed, enqueued, noted, leases, counted };
}

const done = (requestId: string): RequestStatus => ({ requestId, state: "done", result: { requestId, result: "success", id: 1, tid: "1", c: "c" } });

describe("a receipt that is still open", () => {
  it("is closed when its request is decided", async () => {
    expect(await sweepOver([receipt("a")], { decided: ["a"] })).toMatchObject({ closed: ["a ticket"], enqueued: [] });
  });

  it("is left alone while its request is in the queue", async () => {
    expect(await sweepOver([receipt("a")], { queued: ["a"] })).toMatchObject({ closed: [], enqueued: [], counted: 0 });
  });

  it("brings its command back into the queue when that has lost it, and counts", async () => {
    expect(await sweepOver([receipt("a"), receipt("b")], { queued: ["b"] })).toMatchObject({ enqueued: ["a"], noted: ["a"], counted: 1 });
  });

  it("is looked at though failed jobs cannot be made dead letters", async () => {
    const buryFailed = () => Promise.reject(new Error("too large to be kept"));
    expect(await sweepOver([receipt("a")], { buryFailed })).toMatchObject({ enqueued: ["a"] });
  });

  it("without a readable command harms no other", async () => {
    expect(await sweepOver([receipt("a", { commandJson: "{}" }), receipt("b")])).toMatchObject({ enqueued: ["b"] });
  });

  it("is looked at again after its age, within bounds", async () => {
    const aged = (seconds: number) => receipt("a", { acceptedAt: new Date(NOW.getTime() - seconds * 1000) });
    const { leases } = await sweepOver([aged(1), aged(90), aged(86_400)]);
    expect(leases).toEqual([20_000, 90_000, 600_000]);
  });
});
