import type { FolderProgress, SkippedMessage } from "@openticket/contract";
import { beforeEach, describe, expect, it } from "vitest";
import { importFolder } from "../../../src/adapters/imap/import-folder.ts";
import type { FolderState, ImportDeps, ImportOptions } from "../../../src/adapters/imap/import-ports.ts";
import { Overloaded } from "../../../src/intake/gate.ts";
import { type MemoryFolder, makeMemoryFolder } from "./memory-folder.ts";

const START = new Date("2026-01-02T03:04:05.000Z");
let folder: MemoryFolder;
let state: FolderState;
let now: Date;
let skipped: SkippedMessage[];
let reports: string[];
let stored: string[];
let deps: ImportDeps;

beforeEach(() => {
  now = START;
  skipped = [];
  reports = [];
  stored = [];
  folder = makeMemoryFolder({ 1: {}, 2: {}, 3: {} });
  state = { progress: { uidValidity: "", floor: 0, settled: [], failing: [] }, complete: undefined };
  deps = {
    async receive(raw) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of raw) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      folder.steps.push(`store ${text}`);
      stored.push(text);
      return { kind: "received", inbound: [{ id: text, mailbox: "support@example.test", isRepetition: stored.filter((other) => other === text).length > 1 }] };
    },
    mailboxesOf: async () => [{ address: "support@example.test", envelopeTo: [] }],
    gate: async () => undefined,
    async save(progress: FolderProgress, left) {
      folder.steps.push(`save ${progress.floor}`);
      skipped.push(...left);
    },
    isOutage: (error) => error instanceof Error && ("code" in error || error.name === "StoreUnavailable"),
    now: () => now,
    report: {
      taken: (result, { uid }) => reports.push(`${result} ${uid}`),
      notFinished: (uids) => reports.push(`not finished ${uids.join(",")}`),
      renumbered: () => reports.push("renumbered"),
    },
  };
});

const run = (options: Partial<ImportOptions> = {}, session = folder.open()) =>
  importFolder(state, session, { maxBytes: 100, maxHops: 10, source: { door: "imap" }, wanted: { kind: "all" }, ...options }, deps);
const outage = () => Promise.reject(Object.assign(new Error("no primary"), { name: "StoreUnavailable" }));
const passMs = (ms: number) => {
  now = new Date(now.getTime() + ms);
};

describe("the order of the steps", () => {
  it("is stored, finished, written down", async () => {
    folder = makeMemoryFolder({ 5: {} });
    await run();
    expect(folder.steps.slice(1)).toEqual(["save 0", "find 1:*", "describe 5", "read 5", "store message 5", "finish 5", "save 0"]);
    expect(state.progress).toMatchObject({ uidValidity: "1", settled: [[5, 5]] });
  });

  it.each(["finish", "save"] as const)("a message is taken again when %s fails, and finished then", async (step) => {
    let isFaulty = true;
    const once = () => {
      if (isFaulty && stored.length > 0) {
        isFaulty = false;
        throw new Error(`${step} failed`);
      }
    };
    if (step === "finish") folder.onFinish = once;
    else deps = { ...deps, save: async () => once() };
    await expect(run()).rejects.toThrow(`${step} failed`);
    await run();
    expect(reports.slice(-3)).toEqual(["repetition 1", "repetition 2", "repetition 3"]);
    expect(folder.steps.filter((line) => line.startsWith("finish"))).toContain("finish 1,2,3");
    expect(state.progress.floor).toBe(3);
  });

  it("nothing is read of a folder in which all is settled", async () => {
    await run();
    folder.steps = [];
    await run();
    expect(folder.steps).toEqual(["look", "find 4:*"]);
  });

  it("nothing is even looked for while the server says that nothing has changed", async () => {
    folder.modseq = 7;
    await run();
    folder.steps = [];
    await run();
    expect(folder.steps).toEqual(["look"]);
    folder.modseq = 8;
    await run();
    expect(folder.steps).toContain("find 4:*");
  });
});

describe("a message that", () => {
  it("appears below those that were taken is taken", async () => {
    folder = makeMemoryFolder({ 1: {}, 3: {} });
    await run();
    folder.messages.set(2, {});
    await run();
    expect(stored).toEqual(["message 1", "message 3", "message 2"]);
    expect(state.progress).toMatchObject({ floor: 3, settled: [] });
  });

  it.each(["message", "connection", "describe", "unseen"] as const)("fails (%s) is left for later, and the others are taken", async (breaks) => {
    folder.messages.set(2, { breaks });
    await run().catch(() => undefined);
    await run();
    passMs(3_600_000);
    await run().catch(() => undefined);
    expect(new Set(stored)).toEqual(new Set(["message 1", "message 3"]));
    expect(state.progress).toMatchObject({ floor: 1, settled: [[3, 3]], failing: [{ uid: 2, tries: 2 }] });
    folder.messages.set(2, {});
    passMs(3_600_000);
    await run();
    expect(stored).toContain("message 2");
    expect(state.progress).toMatchObject({ floor: 3, settled: [], failing: [] });
  });

  it("fails is not tried again before its time", async () => {
    folder.messages.set(2, { breaks: "message" });
    await run();
    folder.steps = [];
    await run();
    expect(folder.steps.filter((step) => step.startsWith("read"))).toEqual([]);
  });

  it("fails again and again is given up, said, and left where it is", async () => {
    folder.messages.set(2, { breaks: "message" });
    for (let pass = 0; pass < 30; pass++) {
      await run();
      passMs(3_600_000);
    }
    expect(skipped).toMatchObject([{ uid: 2, reason: "unreadable", uidValidity: "1" }]);
    expect(folder.steps.filter((step) => step === "read 2")).toHaveLength(24);
    expect(state.progress).toMatchObject({ floor: 3, failing: [] });
  });

  it.each([
    ["is too large", { size: 101 }, "too-large"],
    ["is for nobody", { recipients: ["nobody"] }, "no-mailbox"],
  ])("%s is left where it is, and never read again", async (_what, message, reason) => {
    deps.mailboxesOf = async ({ recipients }) => (recipients.length > 0 ? [] : [{ address: "a", envelopeTo: [] }]);
    folder.messages.set(2, message);
    await run();
    await run();
    expect(skipped).toMatchObject([{ uid: 2, reason }]);
    expect(folder.steps).toContain("finish 1,3");
    expect(folder.steps).not.toContain("read 2");
    expect(state.progress.floor).toBe(3);
  });

  it("is found and not described is said when it is found again, and given up in the end", async () => {
    folder.messages.set(2, { breaks: "unseen" });
    await run();
    expect(reports).toEqual(["stored 1", "stored 3"]);
    passMs(3_600_000);
    await run();
    expect(reports.slice(2)).toEqual(["failed 2"]);
    for (let pass = 2; pass < 30; pass++) {
      passMs(3_600_000);
      await run();
    }
    expect(skipped).toMatchObject([{ uid: 2, reason: "unreadable" }]);
    expect(state.progress).toMatchObject({ floor: 3, failing: [] });
  });

  it("goes after it was found is forgotten, and not said", async () => {
    const session = folder.open();
    const find: typeof session.find = async (...range) => {
      const found = await session.find(...range);
      folder.messages.delete(2);
      return found;
    };
    await run({}, { ...session, find });
    passMs(10_000);
    await run();
    expect(reports).toEqual(["stored 1", "stored 3"]);
    expect(state.progress.failing).toEqual([]);
  });

  it("was lost while it was failing is forgotten", async () => {
    folder.messages.set(2, { breaks: "message" });
    await run();
    folder.messages.delete(2);
    await run();
    expect(state.progress.failing).toEqual([]);
  });

  it("the server refuses to flag counts as taken, and is said", async () => {
    folder.refusesToFinish = true;
    await run();
    expect(reports).toContain("not finished 1,2,3");
    expect(state.progress.floor).toBe(3);
  });

  it("is older than wanted is passed over", async () => {
    folder.messages.set(2, { receivedAt: new Date("2020-01-01") });
    await run({ wanted: { kind: "since", at: new Date("2021-01-01") } });
    expect(stored).toEqual(["message 1", "message 3"]);
    expect(state.progress.floor).toBe(3);
  });
});

describe("trouble of our own", () => {
  it("ends the pass, and counts against no message", async () => {
    const { receive } = deps;
    deps.receive = (raw, delivery) => (stored.length === 1 ? outage() : receive(raw, delivery));
    folder = makeMemoryFolder({ 1: {} });
    await run();
    folder.messages.set(2, {});
    await expect(run()).rejects.toThrow("no primary");
    expect(state.progress).toMatchObject({ floor: 1, failing: [] });
  });

  it("is asked about before each batch", async () => {
    folder = makeMemoryFolder(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [index + 1, {}])));
    let places = 1;
    deps.gate = () => (places-- > 0 ? Promise.resolve() : Promise.reject(new Overloaded("full")));
    await expect(run()).rejects.toThrow("full");
    expect(stored).toHaveLength(32);
    expect(state.progress.floor).toBe(32);
  });
});

describe("a folder that is numbered anew", () => {
  it("is read again from its beginning, and said", async () => {
    await run();
    folder.uidValidity = "2";
    folder.messages = new Map([
      [1, { raw: "message 3" }],
      [2, { raw: "message 4" }],
    ]);
    await run();
    expect(reports.slice(-3)).toEqual(["renumbered", "repetition 1", "stored 2"]);
  });

  it("of which only what is new was wanted is read from when it became known", async () => {
    const wanted = { kind: "new", knownSince: new Date(START.getTime() + 500) } as const;
    await run({ wanted });
    expect(stored).toEqual([]);
    folder.messages.set(4, {});
    await run({ wanted });
    folder.uidValidity = "2";
    folder.messages = new Map([
      [1, { receivedAt: new Date("2020-01-01"), raw: "old" }],
      [2, { receivedAt: START, raw: "message 4" }],
    ]);
    await run({ wanted });
    expect(stored).toEqual(["message 4", "message 4"]);
  });
});
