import { makeMemoryMailFolders } from "@openticket/store";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../../../../test/support/until.ts";
import { type FollowDeps, type FollowOptions, followFolder } from "../../../src/adapters/imap/follow-folder.ts";
import { ImapFault } from "../../../src/adapters/imap/session.ts";
import { Overloaded } from "../../../src/intake/gate.ts";
import { type MemoryFolder, makeMemoryFolder } from "./memory-folder.ts";

const options: FollowOptions = { leaseMs: 300, sweepMs: 60_000, maxBytes: 1000, maxHops: 10, source: { door: "imap" }, wanted: "all" };
let folder: MemoryFolder;
let folders: ReturnType<typeof makeMemoryMailFolders>;
let stored: string[];
let events: string[];
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = makeMemoryFolder({ 1: {}, 2: {} });
  folders = makeMemoryMailFolders({ nowMs: () => performance.now() });
  stored = [];
  events = [];
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function storeOf(holder: string, leaseMs = options.leaseMs): FollowDeps["store"] {
  const key = "a/INBOX";
  return {
    take: () => folders.take(key, holder, leaseMs),
    renew: (token) => folders.renew(key, token, leaseMs),
    save: (token, progress, skipped) => folders.save(key, token, progress, skipped),
    release: (token) => folders.release(key, token),
  };
}

/** Follows the folder as a process of that name. */
function follow(holder: string, overrides: Partial<FollowDeps> = {}, { leaseMs } = options): () => Promise<void> {
  const over = new AbortController();
  const say = (event: string) => () => void events.push(`${holder} ${event}`);
  const deps: FollowDeps = {
    async receive(raw) {
      for await (const chunk of raw) stored.push(`${holder} ${Buffer.from(chunk)}`);
      return { kind: "received", inbound: [] };
    },
    mailboxesOf: async () => [{ address: "support@example.test", envelopeTo: [] }],
    gate: async () => undefined,
    isOutage: (error) => error instanceof Error && error.name === "StoreUnavailable",
    now: () => new Date(),
    report: { taken: () => undefined, notFinished: () => undefined, renumbered: () => undefined },
    store: storeOf(holder, leaseMs),
    connect: async () => folder.open(),
    watch: {
      connected: say("connected"),
      passed: say("passed"),
      paused: (error) => events.push(`${holder} paused: ${error instanceof Error ? error.message : error}`),
      ended: (error, retryInMs) => events.push(`${holder} ended: ${error instanceof Error ? error.message : error}, ${retryInMs}`),
      disconnected: say("disconnected"),
    },
    random: () => 0,
    nowMs: () => performance.now(),
    ...overrides,
  };
  const following = followFolder({ ...options, leaseMs }, deps, over.signal);
  const stop = async () => {
    over.abort();
    await following;
  };
  stops.push(stop);
  return stop;
}

it("one of two reads, and the other goes on when it stops", async () => {
  const stop = follow("one");
  await until("the first pass", () => events.includes("one passed"));
  follow("two");
  await stop();
  folder.messages.set(3, {});
  await until("the second's pass", () => events.includes("two passed"));
  expect(stored).toEqual(["one message 1", "one message 2", "two message 3"]);
});

it("one that cannot renew its lease stops reading before another one may begin", async () => {
  const frozen = () => Promise.reject(Object.assign(new Error("no primary"), { name: "StoreUnavailable" }));
  follow("one", { store: { ...storeOf("one"), renew: frozen, release: frozen } });
  await until("the first pass", () => events.includes("one passed"));
  follow("two");
  await until("the second", () => events.includes("two connected"));
  expect(events.indexOf("one disconnected")).toBeLessThan(events.indexOf("two connected"));
});

it("one that slept past its lease writes nothing and lets go", async () => {
  let isLate = true;
  const stop = follow("one", {
    async receive(raw) {
      for await (const chunk of raw) stored.push(`one ${Buffer.from(chunk)}`);
      if (isLate) await until("the lease's end", () => folders.take("a/INBOX", "other", 60_000));
      isLate = false;
      return { kind: "received", inbound: [] };
    },
    // It does not notice.
    store: { ...storeOf("one"), renew: async () => true },
  });
  await until("the end", () => events.includes("one ended: another process reads the folder, 1000"));
  expect(events).toContain("one disconnected");
  await stop();
  const lease = await folders.take("a/INBOX", "other", 60_000);
  expect(lease?.progress.floor).toBe(0);
});

it("a lost connection is made again, after a pause that grows", async () => {
  let failures = 3;
  follow("one", {
    async connect() {
      if (failures-- > 0) throw new ImapFault("connect", "refused");
      return folder.open();
    },
    random: () => -1.49,
  });
  await until("the pass", () => events.includes("one passed"));
  expect(events.filter((event) => event.includes("ended"))).toEqual(["one ended: refused, 1000", "one ended: refused, 2000", "one ended: refused, 4000"]);
});

it("a wrong login is not tried again soon", async () => {
  follow("one", { connect: () => Promise.reject(new ImapFault("login", "no")) });
  await until("the fault", () => events.includes("one ended: no, 60000"));
});

it("a message whose next try is due already is not tried without a pause", async () => {
  folder.messages.set(2, { breaks: "message" });
  const waitsMs: number[] = [];
  let looks = 0;
  follow("one", {
    async connect() {
      const session = folder.open();
      return {
        ...session,
        news(timeoutMs, stopped) {
          waitsMs.push(timeoutMs);
          return session.news(timeoutMs, stopped);
        },
      };
    },
    // An hour goes by from one look at the clock to the next.
    now: () => new Date(looks++ * 3_600_000),
  });
  await until("the wait", () => waitsMs.length > 0);
  expect(waitsMs).toEqual([1000]);
});

it("it waits while there is no room, connected, and goes on by itself", async () => {
  let isFull = true;
  // Longer than a busy machine may stop this process.
  const held = { ...options, leaseMs: 60_000 };
  follow("one", { gate: () => (isFull ? Promise.reject(new Overloaded("full")) : Promise.resolve()) }, held);
  await until("the pause", () => events.includes("one paused: full"));
  expect(stored).toEqual([]);
  isFull = false;
  await until("the pass", () => events.includes("one passed"));
  expect(events.filter((event) => event.includes("connected"))).toEqual(["one connected"]);
});
