import type { Notice } from "@openticket/contract";
import { makeLogger, makeMetrics } from "@openticket/runtime";
import { describe, expect, it } from "vitest";
import { type NoticeDeps, noticeOf, sendDue } from "../../src/mail/notices.ts";
import { record } from "./build.ts";

const NOW = new Date("2026-03-04T12:00:00Z");
const bounce = (email: string, code: "replies_only" | "ticket_closed" = "replies_only") => ({
  to: { name: "", email },
  mailbox: "m",
  deptid: 1,
  code,
  subject: "x".repeat(500),
  messageId: undefined,
});

const STOPPED_NEVER = new AbortController().signal;

/** One notice that is due, and what becomes of it. */
function relayOf({
  fault,
  severity = "failed",
  noteFaults = 0,
  isOutage = false,
}: {
  fault?: Error | undefined;
  severity?: "final" | "failed" | "untried";
  /** So many times the store does not take that it was sent. */
  noteFaults?: number;
  /** These are the store's being away. */
  isOutage?: boolean;
}) {
  const notice: Notice = noticeOf(bounce("a@b.example"), record(), NOW);
  const seen: { sent: number; next?: unknown } = { sent: 0 };
  const deps: NoticeDeps = {
    notices: {
      leaseDue: async () => [notice],
      async sent() {
        if (noteFaults-- > 0) throw new Error("no primary");
        seen.sent++;
      },
      async postpone(_id, next) {
        seen.next = next;
      },
    },
    send: async () => {
      if (fault) throw fault;
    },
    severityOf: () => severity,
    isOutage: () => isOutage,
    now: () => NOW,
    random: () => 0.5,
    sleep: async () => undefined,
    logger: makeLogger({ name: "test", level: "silent" }),
    metrics: makeMetrics(),
  };
  return { deps, seen };
}

describe("a refusal", () => {
  it("has one name for a sender, a reason and a day", () => {
    const name = (email: string, at = "2026-03-04T05:00:00Z", code?: "ticket_closed") =>
      noticeOf(bounce(email, code), record({ receivedAt: new Date(at) }), NOW)._id;
    expect(name("A@b.example", "2026-03-04T23:00:00Z")).toBe(name("a@b.example"));
    expect(
      new Set([name("a@b.example"), name("c@b.example"), name("a@b.example", "2026-03-05T01:00:00Z"), name("a@b.example", undefined, "ticket_closed")]).size,
    ).toBe(4);
  });

  it.each([
    ["sent", undefined, "failed", { sent: 1 }],
    ["tried again later", new Error("away"), "failed", { next: { attempts: 1, dueAt: expect.any(Date) } }],
    ["not counted when there was no room", new Error("busy"), "untried", { next: { attempts: 0, dueAt: expect.any(Date) } }],
    ["given up when it never can be", new Error("no address"), "final", { next: { attempts: 1 } }],
  ] as const)("is %s", async (_what, fault, severity, expected) => {
    const { deps, seen } = relayOf({ fault, severity });
    expect(await sendDue(deps, STOPPED_NEVER)).toBe(1);
    expect(seen).toMatchObject(expected);
    if (severity === "final") expect(seen.next).not.toHaveProperty("dueAt");
  });

  it.each([
    [20, false],
    [1000, true],
  ])("that was sent is noted when the store takes it again, or it would be sent again: after %i faults, outage: %j", async (noteFaults, isOutage) => {
    const { deps, seen } = relayOf({ noteFaults, isOutage });
    expect(await sendDue(deps, STOPPED_NEVER)).toBe(1);
    expect(seen).toEqual({ sent: 1 });
  });

  it("whose note the store refuses for another reason, or that has no time left, is left to who finds it due again", async () => {
    await expect(sendDue(relayOf({ noteFaults: 1000 }).deps, STOPPED_NEVER)).rejects.toThrow("no primary");
    await expect(sendDue(relayOf({ noteFaults: 1000, isOutage: true }).deps, AbortSignal.abort())).rejects.toThrow("no primary");
  });
});
