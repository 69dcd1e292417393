import type { InboundRecord, OpenTicketCommand, Receipt, RequestStatus } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { inboundSource } from "../../src/recovery/inbound-source.ts";
import { receiptSource } from "../../src/recovery/receipt-source.ts";
import { type RecoveryDeps, type RecoverySource, sweep } from "../../src/recovery/recovery.ts";

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

const message = (name: string, more: Partial<InboundRecord> = {}): InboundRecord => ({
  _id: `inb_${name}`,
  requestId: name,
  mailbox: "support@example.test",
  source: { door: "smtp", envelopeTo: [] },
  raw: { sha256: "", size: 0 },
  receivedAt: new Date(NOW.getTime() - 60_000),
  state: "stored",
  trace: [],
  repetitions: 0,
  ...more,
});

interface Around {
  decided?: string[];
  failed?: string[];
  queued?: string[];
  buryFailed?: () => Promise<number>;
}

/** Sweeps once over receipts that are due. */
async function sweepOver(due: Receipt[], around: Around = {}) {
  const closed: string[] = [];
  const noted: string[] = [];
  let leases: number[] = [];
  const source = receiptSource({
    async leaseUndecided(_now, leaseMs, limit) {
      leases = due.map(leaseMs);
      return due.slice(0, limit);
    },
    decided: async (requestId, outcome) => void closed.push(`${requestId} ${outcome}`),
    requeued: async (requestIds) => void noted.push(...requestIds),
  });
  return { closed, noted, ...(await sweepSources([source], around)), leases };
}

/** Sweeps once over messages that are due. */
async function sweepMail(due: InboundRecord[], around: Around = {}) {
  const outcomes: unknown[] = [];
  const source = inboundSource({ leaseUndecided: async () => due, decide: async (id, outcome) => void outcomes.push({ id, ...outcome }) });
  return { outcomes, ...(await sweepSources([source], around)) };
}

/** `decided` have an outcome, `failed` were given up, `queued` are in the queue. */
async function sweepSources(sources: RecoverySource[], { decided = [], failed = [], queued = [], buryFailed = async () => 0 }: Around) {
  const jobs: { name: string; id: string; data: unknown }[] = [];
  const metrics = makeMetrics();
  const statusOf = (requestId: string): RequestStatus => {
    if (decided.includes(requestId)) return done(requestId);
    return failed.includes(requestId) ? givenUp(requestId) : { requestId, state: "unknown" };
  };
  const deps: RecoveryDeps = {
    sources,
    queue: {
      missing: async (requestIds) => new Set(requestIds.filter((requestId) => !queued.includes(requestId))),
      enqueue: async (lost) => void jobs.push(...lost),
    },
    outcomes: async (requestIds) => requestIds.map(statusOf),
    buryFailed,
    now: () => NOW,
    random: () => 0,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics,
  };
  const found = await sweep(deps);
  const counted = Number(/requests_requeued_total (\d+)/.exec((await metrics.expose()).body)?.[1] ?? 0);
  return { found, jobs, enqueued: jobs.map(({ id }) => id), counted };
}

const givenUp = (requestId: string): RequestStatus => ({
  requestId,
  state: "failed",
  result: { requestId, result: "error", message: "no", errors: [{ code: "poison", message: "no worker survived it" }] },
});
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

  it.each(["{}", "{", ""])("whose command is no more than %j harms no other, and does not count", async (commandJson) => {
    expect(await sweepOver([receipt("a", { commandJson }), receipt("b")])).toMatchObject({ enqueued: ["b"], noted: ["b"], counted: 1 });
    expect(await sweepOver([receipt("a", { commandJson })])).toMatchObject({ enqueued: [], noted: [], counted: 0 });
  });

  it("is looked at again after its age, within bounds", async () => {
    const aged = (seconds: number) => receipt("a", { acceptedAt: new Date(NOW.getTime() - seconds * 1000) });
    const { leases } = await sweepOver([aged(1), aged(90), aged(86_400)]);
    expect(leases).toEqual([20_000, 90_000, 600_000]);
  });
});

describe("a message that is still undecided", () => {
  it("is left alone while its job is in the queue", async () => {
    expect(await sweepMail([message("a")], { queued: ["a"] })).toMatchObject({ jobs: [], outcomes: [] });
  });

  it("brings its job back when the queue has lost it, under the same name", async () => {
    const data = { v: 1, requestId: "a", inboundId: "inb_a", receivedAt: "2026-01-01T11:59:00.000Z" };
    expect(await sweepMail([message("a")])).toMatchObject({ jobs: [{ name: "InboundMail", id: "a", data }], counted: 1 });
  });

  it("that is an event of a webhook brings back the job that reads events", async () => {
    expect(await sweepMail([{ ...message("a"), mailbox: "webhook:billing" }])).toMatchObject({ jobs: [{ name: "InboundEvent", id: "a" }] });
  });

  it("has its job run again also when its ticket is there: the job notes that", async () => {
    expect(await sweepMail([message("a")], { decided: ["a"] })).toMatchObject({ enqueued: ["a"], outcomes: [] });
  });

  it("waits for an operator when its job was given up", async () => {
    const { outcomes, enqueued } = await sweepMail([message("a")], { failed: ["a"] });
    expect(outcomes).toMatchObject([{ id: "inb_a", state: "quarantined", reason: { code: "poison", text: "no worker survived it" } }]);
    expect(enqueued).toEqual([]);
  });
});

it("a source that fails keeps no other from its look", async () => {
  const failing: RecoverySource = {
    name: "failing",
    lease: () => Promise.reject(new Error("refused")),
    settle: async () => false,
    requeued: async () => undefined,
  };
  const mail = inboundSource({ leaseUndecided: async () => [message("a")], decide: async () => undefined });
  expect(await sweepSources([failing, mail], {})).toMatchObject({ found: 1, enqueued: ["a"] });
});
