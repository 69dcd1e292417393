import { setImmediate } from "node:timers/promises";
import type { WebhookEndpoint } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { makeCall, secretOf } from "@openticket/webhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import { type Sender, type SenderDeps, startSender } from "../../src/events-out/sender.ts";

const AT = new Date("2026-01-01T00:00:00Z");
const LATER = new Date(AT.getTime() + 1);
const [URL, NEW_URL] = ["https://crm.example.com/old", "https://crm.example.com/new"];
const ENDPOINT: WebhookEndpoint = {
  _id: "crm",
  url: URL,
  events: ["ticket.opened"],
  secrets: [{ id: "s1", sealed: "", createdAt: AT }],
  isEnabled: true,
  maxInFlight: 2,
  timeoutMs: 1000,
  createdAt: AT,
  updatedAt: AT,
};

/** What the endpoint is, as this worker knows it; undefined: it gets no calls. */
let known: WebhookEndpoint | undefined;
/** Calls that are owed, and that were sent, by their numbers. */
let owed: number[];
let sent: { n: number; url: string; answer(status: number): void }[];
let deps: SenderDeps;
let sender: Sender | undefined;
/** What the store is made to wait for. */
let held: Promise<void>;
let release: () => void;
beforeEach(() => {
  held = new Promise((resolve) => {
    release = resolve;
  });
  known = ENDPOINT;
  owed = [1, 2, 3, 4];
  sent = [];
  deps = {
    active: () => (known ? [known] : []),
    all: async () => [],
    calls: {
      leaseDue: async (endpoint, now, _leaseMs, limit) =>
        owed.splice(0, limit).map((n) => ({ ...makeCall({ eventId: `evt_${n}`, endpoint, type: "ticket.opened", body: `${n}`, now }), leasedBy: "us" })),
      tried: async () => {},
      giveUpEnded: async () => 0,
      forgetOthers: async () => 0,
    },
    disable: async () => {
      known = undefined;
      return true;
    },
    refresh: async () => {},
    send: (url, { body }) =>
      new Promise((resolve) => {
        sent.push({ n: Number(body), url, answer: (status) => resolve({ status, headers: {}, body: Buffer.alloc(0), isWhole: true }) });
      }),
    open: () => secretOf(Buffer.alloc(24)),
    maxInFlight: 10,
    retentionMs: 1000,
    now: () => AT,
    nowMs: () => 0,
    random: () => 0,
    sleep: () => setImmediate(),
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics: makeMetrics(),
  };
});
afterEach(async () => {
  release();
  const closing = sender?.close();
  for (const call of sent) call.answer(204);
  await closing;
});

async function start(): Promise<void> {
  sender = startSender(deps);
  await until("the first calls", () => sent.length > 0);
}

/** Until all has happened that can: here nothing waits for anything but promises. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate();
}

const numbers = () => sent.map(({ n }) => n);
const fault = async () => Promise.reject(new Error("no primary"));

describe("an endpoint that has answered 410", () => {
  const slowly: [string, (given: SenderDeps) => Partial<SenderDeps>][] = [
    ["the note of the try", ({ calls }) => ({ calls: { ...calls, tried: async (_call, _made, { state }) => (state === "failed" ? held : undefined) } })],
    ["the stop", () => ({ disable: () => held.then(() => true) })],
    ["the new list of endpoints", () => ({ refresh: () => held })],
  ];
  it.each(slowly)("gets no further call while %s takes long; changed by the operator it does", async (_, change) => {
    deps = { ...deps, disable: async () => true, ...change(deps) };
    await start();
    sent[0]?.answer(410);
    await settled();
    sent[1]?.answer(204);
    await settled();
    expect(numbers()).toEqual([1, 2]);
    known = { ...ENDPOINT, updatedAt: LATER };
    sender?.wake(ENDPOINT._id);
    await settled();
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it("is stopped, though the store does not take the note of the try", async () => {
    deps = { ...deps, calls: { ...deps.calls, tried: fault } };
    await start();
    sent[0]?.answer(410);
    await until("it is stopped", () => known === undefined);
  });

  it("is stopped as soon as the store takes that", async () => {
    let faults = 5;
    const { disable } = deps;
    deps = { ...deps, disable: (...given) => (faults-- > 0 ? fault() : disable(...given)) };
    await start();
    sent[0]?.answer(410);
    await until("it is stopped", () => known === undefined);
  });

  it("that could not be stopped is called again, and not silent for ever", async () => {
    deps = { ...deps, disable: fault };
    await start();
    sent[0]?.answer(410);
    await until("one more", () => sent.length === 3);
  });
});

describe("an endpoint that changes while calls to it are taken", () => {
  beforeEach(() => {
    const { leaseDue } = deps.calls;
    deps = { ...deps, calls: { ...deps.calls, leaseDue: (...given) => held.then(() => leaseDue(...given)) } };
    sender = startSender(deps);
  });

  it("gets them at its new URL", async () => {
    known = { ...ENDPOINT, url: NEW_URL, updatedAt: LATER };
    release();
    await settled();
    expect(sent.map(({ url }) => url)).toEqual([NEW_URL, NEW_URL]);
  });

  it("and is stopped gets none of them", async () => {
    known = undefined;
    release();
    await settled();
    expect(sent).toEqual([]);
  });
});
