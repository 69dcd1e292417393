import { describe, expect, it } from "vitest";
import { decideMail } from "../../src/mail/decide/decide-mail.ts";
import { decided, depsOf, mail, record, ticket } from "./build.ts";

/** Which rule decided, of those that were asked. */
async function rulesAsked(...given: Parameters<typeof decided>): Promise<string[]> {
  return (await decided(...given)).trace.map(({ rule }) => rule);
}

describe("the order of the rules", () => {
  it("is that of the policy, each rule named with its answer and what decided it", async () => {
    const { outcome, trace } = await decided();
    expect(outcome.kind).toBe("ticket");
    expect(trace.map(({ rule }) => rule)).toEqual([
      "earlier run",
      "malformed",
      "own mail",
      "abuse report",
      "delivery report",
      "automatic answer",
      "block list",
      "spam verdict",
      "mass mailing",
      "earlier mail",
      "sender's budget",
      "usable sender",
      "department",
      "authenticity",
      "sender",
      "role address",
      "disowned",
      "ticket",
      "added before",
      "ticket's budget",
      "closed ticket",
      "reply",
      "clients only",
      "replies only",
      "new ticket",
    ]);
    expect(trace.every(({ answer, because }) => answer !== "" && because !== undefined && because !== "")).toBe(true);
  });

  it("stops at the first rule that decides", async () => {
    expect((await rulesAsked({ kind: "malformed" })).at(-1)).toBe("malformed");
    expect((await rulesAsked({ kind: "auto-reply" })).at(-1)).toBe("automatic answer");
  });

  it("asks nobody who the sender is before the cheap rules have let the mail pass", async () => {
    const deps = depsOf();
    deps.authenticate = async () => {
      throw new Error("asked");
    };
    for (const kind of ["malformed", "auto-reply", "bounce"] as const) {
      await expect(decideMail(mail({ kind }), record(), deps)).resolves.toBeDefined();
    }
    await expect(decideMail(mail(), record(), deps)).rejects.toThrow("asked");
  });

  it("comes to the same answer when it runs twice", async () => {
    const deps = depsOf({ rules: { senderBudget: { windowMs: 600_000, quiet: 1, most: 1 } } });
    const first = await decideMail(mail(), record(), deps);
    expect(await decideMail(mail(), record(), deps)).toEqual(first);
  });

  it("finds what an earlier run has stored before it could say so, and asks nothing else", async () => {
    const { outcome, trace } = await decided({ kind: "auto-reply" }, { earlier: { req_1: { id: 9, tid: "900000" } } });
    expect(outcome).toMatchObject({ kind: "done", ticket: { id: 9, tid: "900000" } });
    expect(trace).toHaveLength(1);
  });

  it("keeps what decided short", async () => {
    const { trace } = await decided({ subject: "x".repeat(5000), kindBecause: "y".repeat(5000) }, { tickets: [ticket()] });
    expect(Math.max(...trace.map(({ because = "" }) => because.length))).toBeLessThanOrEqual(300);
  });
});
