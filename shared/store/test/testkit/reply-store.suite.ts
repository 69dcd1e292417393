import type { ReplyDraft } from "@openticket/contract";
import { beforeEach, describe, expect, it } from "vitest";
import type { ReplyStore, TicketStore } from "../../src/ticket-store.ts";
import { draft, owed, rejection } from "./ticket-store.suite.ts";

const AT = new Date("2026-01-02T03:04:05.000Z");
const later = (ms: number) => new Date(AT.getTime() + ms);
let counter = 0;
/** Nobody else may decide the request. */
export const ALONE = { mayHaveTwin: () => false };
const PERHAPS_NOT_ALONE = { mayHaveTwin: () => true };

/** A reply of which a test names only what matters to it. */
export function replyDraft(overrides: Partial<ReplyDraft> = {}): ReplyDraft {
  const requestId = `reply_${++counter}`;
  return {
    _id: requestId,
    requestId,
    fingerprint: "f",
    ticketId: 1,
    author: { kind: "guest", name: "Ada", email: "ada@example.test" },
    message: "m",
    markdown: false,
    attachments: [],
    customfields: [],
    status: "Customer-Reply",
    createdAt: AT,
    receivedAt: AT,
    addedAt: AT,
    source: { channel: "test" },
    decisions: [],
    outbox: [{ key: "ticket", kind: "ticket", attempts: 0 }],
    dueAt: AT,
    ...overrides,
  };
}

/** What every reply store must do, beside the tickets that its replies change. `makeStores` gives empty ones. */
export function replyStoreSuite(makeStores: () => Promise<{ tickets: TicketStore; replies: ReplyStore }>): void {
  let tickets: TicketStore;
  let replies: ReplyStore;
  let ticketId: number;
  beforeEach(async () => {
    ({ tickets, replies } = await makeStores());
    const commit = await tickets.commit(
      draft({
        _id: "t",
        customfields: [
          { id: 1, value: "old" },
          { id: 2, value: "kept" },
        ],
      }),
    );
    ticketId = commit.kind === "opened" ? commit.ticket.id : 0;
  });
  const add = (overrides: Partial<ReplyDraft> = {}, options = ALONE) => replies.add(replyDraft({ ticketId, ...overrides }), options);
  const ticket = () => tickets.findById(ticketId);

  describe("a reply", () => {
    it("is numbered and kept, and gives its ticket status and time", async () => {
      const added = await add({ _id: "a", requestId: "a", status: "Answered", createdAt: later(5) });
      expect(added).toMatchObject({ kind: "added", reply: { _id: "a", replyId: expect.any(Number), message: "m" } });
      const reply = added.kind === "added" ? added.reply : undefined;
      expect(await replies.findByIdentity("a")).toMatchObject({ _id: "a", replyId: reply?.replyId, status: "Answered" });
      expect(await replies.findReply(reply?.replyId ?? 0)).toEqual(reply);
      expect(await ticket()).toMatchObject({ status: "Answered", lastReplyAt: later(5), replyIds: [reply?.replyId] });
    });

    it("again, under the same identity: the one that stands, and the ticket is changed once", async () => {
      const first = await add({ _id: "a" });
      await add({ _id: "b", status: "Closed" });
      const second = await add({ _id: "a", message: "other" });
      expect(second).toMatchObject({ kind: "exists", reply: { _id: "a", replyId: first.kind === "added" && first.reply.replyId } });
      expect(await ticket()).toMatchObject({ status: "Closed", replyIds: { length: 2 } });
    });

    it("that tells of the status makes its ticket owe an event when it is another one, with the one before, and once", async () => {
      const added = await add({ _id: "a", status: "Answered", tellsOfStatus: true });
      const replyId = added.kind === "added" ? added.reply.replyId : 0;
      const event = { type: "ticket.status.changed", at: AT, replyId, from: "Open", status: "Answered" };
      const owing = await ticket();
      expect(owing).toMatchObject({ status: "Answered", dueAt: expect.any(Date), outbox: [{ kind: "event", attempts: 0, event }] });
      await add({ _id: "a", status: "Answered", tellsOfStatus: true });
      await add({ _id: "b", status: "Answered", tellsOfStatus: true });
      expect((await ticket())?.outbox).toEqual(owing?.outbox);
    });

    it("that tells of the status leaves what else is owed its due time, and changes custom fields as well", async () => {
      const before = await ticket();
      await tickets.commit(draft({ _id: "owing", outbox: [owed("mail:opener")], dueAt: later(7) }));
      const other = await tickets.findByIdentity("owing");
      await add({ _id: "a", ticketId: other?.id ?? 0, status: "Closed", tellsOfStatus: true, customfields: [{ id: 9, value: "$x" }] });
      expect(await tickets.findById(other?.id ?? 0)).toMatchObject({
        dueAt: later(7),
        customfields: [{ id: 9, value: "$x" }],
        outbox: [{ kind: "mail" }, { kind: "event" }],
      });
      expect(await ticket()).toEqual(before);
    });

    it("after an event that was told, in its place: a long conversation makes no large ticket", async () => {
      for (const [index, status] of ["Answered", "Customer-Reply", "Answered"].entries()) {
        await add({ _id: `r${index}`, status, tellsOfStatus: true });
        const key = (await ticket())?.outbox.at(-1)?.key ?? "";
        await tickets.markDelivered([{ identity: "t", key }], later(index));
      }
      expect(await ticket()).toMatchObject({ outbox: [{ event: { from: "Customer-Reply", status: "Answered" } }] });
      expect((await ticket())?.dueAt).toBeUndefined();
    });

    it("that does not tell of the status owes nothing, whatever it changes", async () => {
      await add({ _id: "a", status: "Answered" });
      expect((await ticket())?.outbox).toEqual([]);
    });

    it("twenty at once with one identity: one is added, the others find it, the ticket is changed once", async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => add({ _id: "same" })));
      expect(outcomes.filter(({ kind }) => kind === "added")).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === "exists")).toHaveLength(19);
      expect((await ticket())?.replyIds).toHaveLength(1);
    });

    it("three hundred at once to one ticket: as many numbers, each once on the ticket", async () => {
      const outcomes = await Promise.all(Array.from({ length: 300 }, () => add()));
      const ids = outcomes.flatMap((added) => (added.kind === "added" ? [added.reply.replyId] : []));
      expect(new Set(ids).size).toBe(300);
      expect((await ticket())?.replyIds?.toSorted((a, b) => a - b)).toEqual(ids.toSorted((a, b) => a - b));
    });

    it("changes custom fields that it names, and no others; a value is a value, whatever it looks like", async () => {
      await add({
        customfields: [
          { id: 1, value: "$status" },
          { id: 3, value: { $literal: 1 } },
        ],
      });
      expect((await ticket())?.customfields).toEqual([
        { id: 2, value: "kept" },
        { id: 1, value: "$status" },
        { id: 3, value: { $literal: 1 } },
      ]);
      expect(await ticket()).toMatchObject({ status: "Customer-Reply", replyIds: { length: 1 }, lastReplyAt: AT });
    });

    it("with an earlier time does not turn back the time of the last reply", async () => {
      await add({ createdAt: later(10) });
      await add({ createdAt: later(-10), customfields: [{ id: 1, value: "x" }] });
      await add({ createdAt: later(-20) });
      expect((await ticket())?.lastReplyAt).toEqual(later(10));
    });

    it("to a ticket that is not there leaves nothing behind, and harms no other of its batch", async () => {
      const [good, bad] = await Promise.all([add(), replies.add(replyDraft({ _id: "lost", ticketId: 999 }), ALONE)]);
      expect([good.kind, bad.kind]).toEqual(["added", "ticket-gone"]);
      expect(await replies.findByIdentity("lost")).toBeUndefined();
    });

    it("is found by the requester's own name for the request", async () => {
      await add({ _id: "identity", requestId: "their-name" });
      expect(await replies.findReplyByRequestId("their-name")).toMatchObject({ _id: "identity" });
      expect(await replies.findReplyByRequestId("identity")).toMatchObject({ _id: "identity" });
      expect(await replies.findReplyByRequestId("nobody")).toBeUndefined();
    });

    it("changes its ticket when that is all that is left to do, once", async () => {
      const added = await add({ _id: "a", status: "Answered" });
      await add({ status: "Closed" });
      if (added.kind === "added") await replies.applyToTicket(added.reply);
      expect(await ticket()).toMatchObject({ status: "Closed", replyIds: { length: 2 } });
    });
  });

  describe("a request that is decided twice", () => {
    it("has no reply when its rejection came first, and the ticket is as it was; others of the batch are added", async () => {
      const record = rejection({ _id: "a" });
      await tickets.reject(record);
      const [rejected, added] = await Promise.all([add({ _id: "a", status: "Closed" }, PERHAPS_NOT_ALONE), add({ _id: "b" }, PERHAPS_NOT_ALONE)]);
      expect(rejected).toEqual({ kind: "rejected", record });
      expect(added).toMatchObject({ kind: "added", reply: { _id: "b" } });
      expect(await replies.findByIdentity("a")).toBeUndefined();
      expect(await ticket()).toMatchObject({ status: "Customer-Reply", replyIds: { length: 1 } });
    });

    it("is not rejected when its reply came first: that is the answer", async () => {
      const added = await add({ _id: "a" }, PERHAPS_NOT_ALONE);
      expect(await tickets.reject(rejection({ _id: "a" }))).toMatchObject({
        kind: "added",
        reply: { replyId: added.kind === "added" && added.reply.replyId },
      });
      expect(await tickets.findRejection("a")).toBeUndefined();
    });
  });

  it("the latest replies of a ticket, in the order of their time", async () => {
    for (const ms of [30, 10, 20]) await add({ _id: `at${ms}`, addedAt: later(ms) });
    expect((await replies.repliesOf(ticketId, 2)).map(({ _id }) => _id)).toEqual(["at20", "at30"]);
    expect(await replies.repliesOf(999, 10)).toEqual([]);
  });

  it("what is needed of a ticket to reply to it", async () => {
    expect(await tickets.findHead(ticketId)).toMatchObject({ _id: "t", id: ticketId, subject: "s", opener: { name: "Ada" }, status: "Open" });
    expect(await tickets.findHead(999)).toBeUndefined();
  });

  it("is due until all it owes is delivered", async () => {
    await add({ _id: "a", outbox: [{ key: "ticket", kind: "ticket", attempts: 0 }, owed("mail:opener")] });
    const [held] = await replies.leaseDue(later(1), 1000, 10);
    if (held?._id !== "a") throw new Error("not leased");
    expect(await replies.leaseDue(later(1), 1000, 10)).toEqual([]);
    await replies.markDelivered([{ identity: "a", key: "ticket" }], later(2));
    await replies.postpone(held, [{ key: "mail:opener", error: "down", attempts: 1, nextTryAt: later(50) }], later(2));
    expect(await replies.leaseDue(later(60), 1000, 10)).toHaveLength(1);
    await replies.markDelivered([{ identity: "a", key: "mail:opener" }], later(3));
    expect((await replies.findByIdentity("a"))?.dueAt).toBeUndefined();
  });
}
