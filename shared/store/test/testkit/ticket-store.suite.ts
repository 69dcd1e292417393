import type { OutboxEntry, RejectionRecord, TicketDraft } from "@openticket/contract";
import { beforeEach, describe, expect, it } from "vitest";
import type { TicketStore } from "../../src/ticket-store.ts";

const AT = new Date("2026-01-02T03:04:05.000Z");
let counter = 0;

/** A draft of which a test names only what matters to it. */
export function draft(overrides: Partial<TicketDraft> = {}): TicketDraft {
  const requestId = `req_${++counter}`;
  return {
    _id: requestId,
    requestId,
    fingerprint: "f",
    status: "Open",
    deptid: 1,
    subject: "s",
    message: "m",
    markdown: false,
    priority: "Medium",
    opener: { kind: "guest", name: "Ada", email: "ada@example.test" },
    customfields: [],
    attachments: [],
    preventClientClosure: false,
    createdAt: AT,
    receivedAt: AT,
    openedAt: AT,
    source: { channel: "test" },
    decisions: [],
    outbox: [],
    ...overrides,
  };
}

/** An entry of an outbox. */
export function owed(key: string): OutboxEntry {
  return { key, kind: "mail", template: "ticket-opened", to: { name: "Ada", email: "ada@example.test" }, attempts: 0 };
}

export function rejection(overrides: Partial<RejectionRecord> = {}): RejectionRecord {
  const requestId = `req_${++counter}`;
  const errors = [{ code: "subject_required", message: "Subject is required" }];
  return {
    _id: requestId,
    requestId,
    fingerprint: "f",
    errors,
    source: { channel: "test" },
    receivedAt: AT,
    rejectedAt: AT,
    expiresAt: new Date("2999-01-01"),
    ...overrides,
  };
}

/** What every ticket store must do. `makeStore` gives an empty one whose tids come from `tid`. */
export function ticketStoreSuite(makeStore: (numbers?: { tid(id: number): string }) => Promise<TicketStore>): void {
  let store: TicketStore;
  beforeEach(async () => {
    store = await makeStore();
  });

  describe("commit", () => {
    it("numbers and keeps the ticket", async () => {
      const commit = await store.commit(draft({ _id: "a", requestId: "a" }));
      expect(commit).toMatchObject({ kind: "opened", ticket: { _id: "a", id: 1, subject: "s" } });
      expect(commit.kind === "opened" && (await store.findById(1))).toEqual(commit.kind === "opened" && commit.ticket);
      expect(await store.findByIdentity("a")).toMatchObject({ _id: "a", id: 1, subject: "s" });
    });

    it("the same identity again: the ticket that stands, whatever the second one says", async () => {
      const first = await store.commit(draft({ _id: "a" }));
      const second = await store.commit(draft({ _id: "a", subject: "other" }));
      const { tid, c } = first.kind === "opened" ? first.ticket : {};
      expect(second).toMatchObject({ kind: "exists", ticket: { _id: "a", id: 1, tid, c, subject: "s" } });
    });

    it("twenty at once with one identity: one is opened, the others find it", async () => {
      const commits = await Promise.all(Array.from({ length: 20 }, () => store.commit(draft({ _id: "same" }))));
      expect(commits.filter(({ kind }) => kind === "opened")).toHaveLength(1);
      expect(commits.filter(({ kind }) => kind === "exists")).toHaveLength(19);
      expect(new Set(commits.map((commit) => commit.kind !== "out-of-numbers" && commit.ticket.id)).size).toBe(1);
    });

    it("five hundred at once: as many ids and ticket numbers", async () => {
      const commits = await Promise.all(Array.from({ length: 500 }, () => store.commit(draft())));
      const tickets = commits.flatMap((commit) => (commit.kind === "opened" ? [commit.ticket] : []));
      expect(new Set(tickets.map(({ id }) => id)).size).toBe(500);
      expect(new Set(tickets.map(({ tid }) => tid)).size).toBe(500);
    });

    it("a taken ticket number is drawn again until a free one is found, and not for ever", async () => {
      let drawn = 0;
      const narrow = await makeStore({ tid: () => String(drawn++ % 3) });
      const commits = [];
      for (let n = 0; n < 4; n++) commits.push(await narrow.commit(draft()));
      expect(commits.map(({ kind }) => kind)).toEqual(["opened", "opened", "opened", "out-of-numbers"]);
      expect(new Set(commits.map((commit) => commit.kind === "opened" && commit.ticket.tid))).toEqual(new Set(["0", "1", "2", false]));
    });

    it("is found by the requester's own name for the request", async () => {
      await store.commit(draft({ _id: "identity", requestId: "their-name" }));
      expect(await store.findByRequestId("their-name")).toMatchObject({ _id: "identity", requestId: "their-name" });
      expect(await store.findByRequestId("identity")).toMatchObject({ _id: "identity" });
      expect(await store.findByRequestId("nobody")).toBeUndefined();
    });
  });

  describe("rejections", () => {
    it("the first one stands", async () => {
      const first = rejection({ _id: "r" });
      expect(await store.reject(first)).toEqual({ kind: "rejected", record: first });
      expect(await store.reject(rejection({ _id: "r", fingerprint: "other" }))).toEqual({ kind: "exists", record: first });
      expect(await store.findRejection("r")).toEqual(first);
      expect(await store.findRejectionByRequestId(first.requestId)).toEqual(first);
    });
  });

  describe("a request that is decided twice at the same time", () => {
    it("has its ticket when that is stored first", async () => {
      const commit = await store.commit(draft({ _id: "r" }));
      expect(await store.reject(rejection({ _id: "r" }))).toMatchObject({ kind: "opened", ticket: { _id: "r" } });
      expect(await store.findRejection("r")).toBeUndefined();
      expect(commit.kind === "opened" && (await store.giveWay(commit.ticket, { isOurs: true }))).toBeUndefined();
      expect(await store.findByIdentity("r")).toBeDefined();
    });

    it("is rejected when that came first, and the ticket of which nobody knows gives way", async () => {
      const first = rejection({ _id: "r" });
      await store.reject(first);
      const commit = await store.commit(draft({ _id: "r" }));
      if (commit.kind !== "opened") throw new Error("it was free");
      expect(await store.giveWay(commit.ticket, { isOurs: false })).toEqual(first);
      expect(await store.findByIdentity("r")).toBeDefined();
      expect(await store.giveWay(commit.ticket, { isOurs: true })).toEqual(first);
      expect(await store.findByIdentity("r")).toBeUndefined();
    });
  });

  describe("outbox", () => {
    const later = (ms: number) => new Date(AT.getTime() + ms);
    const due = (key: string) => draft({ _id: key, outbox: [owed("mail:a"), owed("mail:b")], dueAt: AT });

    it("a ticket is due until all it owes is delivered", async () => {
      await store.commit(due("t"));
      await store.markDelivered([{ identity: "t", key: "mail:a" }], later(1));
      expect(await store.findByIdentity("t")).toMatchObject({ dueAt: AT, outbox: [{ key: "mail:a", deliveredAt: later(1) }, { key: "mail:b" }] });
      await store.markDelivered([{ identity: "t", key: "mail:b" }], later(2));
      expect((await store.findByIdentity("t"))?.dueAt).toBeUndefined();
      expect(await store.leaseDue(later(10), 1000, 10)).toEqual([]);
    });

    it("marking twice changes nothing more, and marking what is not there nothing at all", async () => {
      await store.commit(due("t"));
      const marks = ["mail:a", "mail:b", "mail:none"].map((key) => ({ identity: "t", key }));
      await store.markDelivered(marks, later(1));
      const once = await store.findByIdentity("t");
      await store.markDelivered(marks, later(1));
      await store.markDelivered([{ identity: "nobody", key: "x" }], later(1));
      expect(await store.findByIdentity("t")).toEqual(once);
    });

    it("what owes one thing alone is done with it, and what has come to owe more is not", async () => {
      const owing = (key: string, ...outbox: ReturnType<typeof owed>[]) => draft({ _id: key, outbox, dueAt: AT });
      await store.commit(owing("one", owed("mail:a")));
      await store.commit(owing("two", owed("mail:a"), owed("mail:b")));
      const marks = ["one", "two", "two"].map((identity) => ({ identity, key: "mail:a", isOnly: true }));
      await store.markDelivered(marks, later(1));
      expect((await store.findByIdentity("one"))?.dueAt).toBeUndefined();
      expect(await store.findByIdentity("one")).toMatchObject({ outbox: [{ key: "mail:a", deliveredAt: later(1) }] });
      expect(await store.findByIdentity("two")).toMatchObject({ dueAt: AT, outbox: [{ key: "mail:a", deliveredAt: later(1) }, { key: "mail:b" }] });
    });

    it("two relays side by side never lease the same ticket", async () => {
      await Promise.all(Array.from({ length: 40 }, (_, n) => store.commit(due(`t${n}`))));
      const leases = await Promise.all([store.leaseDue(later(1), 1000, 40), store.leaseDue(later(1), 1000, 40), store.leaseDue(later(1), 1000, 40)]);
      const identities = leases.flat().map(({ _id }) => _id);
      expect(new Set(identities).size).toBe(identities.length);
      expect(identities).toHaveLength(40);
      expect(await store.leaseDue(later(999), 1000, 40)).toEqual([]);
      expect(await store.leaseDue(later(1002), 1000, 40)).toHaveLength(40);
    });

    it("what is leased can be abridged; the ticket stays whole", async () => {
      await store.commit({ ...due("t"), message: "long" });
      const [leased] = await store.leaseDue(later(1), 1000, 10, (ticket) => ({ ...ticket, message: "l" }));
      expect(leased).toMatchObject({ _id: "t", message: "l" });
      expect(await store.findById(leased?.id ?? 0)).toMatchObject({ message: "long" });
    });

    it("a failed delivery is due again later, a dead one never, with its reason", async () => {
      await store.commit(due("t"));
      const held = { _id: "t", dueAt: later(0) };
      const down = { error: "down", attempts: 3, nextTryAt: later(5000) };
      await store.postpone(
        held,
        [
          { key: "mail:a", ...down },
          { key: "mail:b", ...down },
        ],
        later(1),
      );
      expect(await store.leaseDue(later(4999), 1000, 10)).toEqual([]);
      expect(await store.findByIdentity("t")).toMatchObject({ outbox: [{ key: "mail:a", attempts: 3, lastError: "down" }, { attempts: 3 }] });
      await store.postpone(held, [{ key: "mail:a", error: "gone", attempts: 4, deadAt: later(6000) }], later(1));
      const dead = { key: "mail:a", attempts: 4, lastError: "gone", deadAt: later(6000) };
      expect(await store.findByIdentity("t")).toMatchObject({ outbox: [dead, { attempts: 3 }] });
      await store.markDelivered([{ identity: "t", key: "mail:b" }], later(6000));
      expect((await store.findByIdentity("t"))?.dueAt).toBeUndefined();
    });

    it("each failed delivery waits for its own time, and the ticket is due with the first of them", async () => {
      await store.commit(due("t"));
      const held = { _id: "t", dueAt: later(1000) };
      const failed = (key: string, ms: number) => ({ key, error: "down", attempts: 1, nextTryAt: later(ms) });
      const dueAt = async () => (await store.findByIdentity("t"))?.dueAt;
      await store.postpone(held, [failed("mail:a", 800)], later(1));
      expect(await dueAt()).toEqual(later(800));
      await store.postpone(held, [failed("mail:b", 900)], later(800));
      expect(await dueAt()).toEqual(later(900));
      await store.postpone({ ...held, dueAt: later(2000) }, [failed("mail:a", 9000)], later(800));
      expect(await dueAt()).toEqual(later(900));
      await store.markDelivered([{ identity: "t", key: "mail:b" }], later(901));
      await store.postpone({ ...held, dueAt: later(2000) }, [], later(901));
      expect(await dueAt()).toEqual(later(9000));
    });

    it("what came to be owed while the rest was tried is due when the lease is over", async () => {
      await store.commit(due("t"));
      const held = { _id: "t", dueAt: later(1000) };
      await store.postpone(held, [{ key: "mail:a", error: "down", attempts: 9, nextTryAt: later(9000) }], later(1));
      expect((await store.findByIdentity("t"))?.dueAt).toEqual(later(1000));
    });

    it("a delivery that fails after its lease leaves the due time to whoever has the ticket by then", async () => {
      await store.commit(due("t"));
      const [late] = await store.leaseDue(later(1), 1000, 10);
      const [held] = await store.leaseDue(later(1002), 1000, 10);
      if (!late || !held) throw new Error("not leased");
      await store.postpone(late, [{ key: "mail:a", error: "too late", attempts: 1, nextTryAt: later(1500) }], later(1002));
      expect(await store.leaseDue(later(2001), 1000, 10)).toEqual([]);
      const down = { error: "down", attempts: 2, nextTryAt: later(5000) };
      await store.postpone(
        held,
        [
          { key: "mail:a", ...down },
          { key: "mail:b", ...down },
        ],
        later(1003),
      );
      expect(await store.leaseDue(later(4999), 1000, 10)).toEqual([]);
      expect(await store.leaseDue(later(5001), 1000, 10)).toMatchObject([{ _id: "t" }]);
    });
  });
}
