import { describe, expect, it } from "vitest";
import { keepFiles } from "../../src/mail/decide/files.ts";
import { SenderUnsettled } from "../../src/mail/decide/sender-unsettled.ts";
import { ADA, AGENT, decided, department, ticket, VERIFIED } from "./build.ts";

const SALES = department({ id: 2, name: "Sales" });
const two = { departments: [department(), SALES], mailboxes: { "support@desk.example": 1, "sales@desk.example": 2 } };
const both = { to: [{ name: "", address: "sales@desk.example" }], cc: [{ name: "", address: "support@desk.example" }] };
const refusal = (code: string, hasBounce: boolean) => ({
  kind: "refused",
  reason: { code },
  bounce: hasBounce ? expect.objectContaining({ code }) : undefined,
});

describe("the department", () => {
  it("is that of the mailbox that the envelope names", async () => {
    expect((await decided(both, two)).outcome).toMatchObject({ draft: { params: { deptid: 1 } } });
  });

  it.each([
    ["To", both, 2],
    ["Cc, where To names none of ours", { ...both, to: [{ name: "", address: "x@y.example" }] }, 1],
    ["Delivered-To, where neither does", { to: [], deliveredTo: ["sales+x@desk.example"] }, 2],
    ["the mailbox itself", { to: [] }, 1],
  ])("of a mailbox that serves several is told by %s", async (_what, of, deptid) => {
    const source = { door: "imap", envelopeTo: [] };
    expect((await decided(of, two, { source })).outcome).toMatchObject({ draft: { params: { deptid } } });
  });

  it("that is not there refuses, and keeps the mail", async () => {
    expect((await decided({}, { mailboxes: {} })).outcome).toMatchObject(refusal("department_not_found", false));
    expect((await decided({}, { departments: [] })).outcome).toMatchObject(refusal("department_not_found", false));
  });

  it("of one message for several is the first that To or Cc names", async () => {
    const source = { door: "smtp", envelopeTo: ["support@desk.example", "sales@desk.example"] };
    expect((await decided(both, two, { source })).outcome).toMatchObject({ draft: { params: { deptid: 2 } } });
    expect((await decided({ to: [] }, two, { source })).outcome).toMatchObject({ draft: { params: { deptid: 1 } } });
  });
});

describe("clients only", () => {
  const world = { departments: [department({ clientsOnly: true })] };
  it.each([
    ["a verified client passes", ADA, VERIFIED, { kind: "ticket" }],
    ["staff pass", AGENT, VERIFIED, { kind: "ticket" }],
    ["a verified stranger is told", {}, VERIFIED, refusal("sender_unregistered", true)],
    ["whom SPF vouches for is told", {}, { mayBounce: true }, refusal("sender_unregistered", true)],
    ["whom nobody vouches for is not", {}, {}, refusal("sender_unregistered", false)],
    ["a client's name alone does not pass", ADA, {}, refusal("sender_unregistered", false)],
  ])("%s", async (_what, of, authenticity, expected) => {
    expect((await decided(of, { ...world, authenticity })).outcome).toMatchObject(expected);
  });

  it.each([{ clientsOnly: true }, { repliesOnly: true }])(
    "waits for the DNS before it calls anybody a stranger, and then for an operator: %j",
    async (rule) => {
      const unsettled = { departments: [department(rule)], authenticity: { isUnsettled: true } };
      await expect(decided(ADA, { ...unsettled, ageMs: 60_000 })).rejects.toBeInstanceOf(SenderUnsettled);
      expect((await decided(ADA, { ...unsettled, ageMs: 4 * 3_600_000 })).outcome).toMatchObject({ kind: "quarantined", reason: { code: "sender_unsettled" } });
      expect((await decided({}, unsettled)).outcome.kind).toBe("refused");
    },
  );

  it.each([
    ["a list", { kind: "mailing-list" as const }],
    ["a role address", { from: [{ name: "", address: "no-reply@guest.example" }] }],
  ])("never bounces to %s", async (_what, of) => {
    expect((await decided(of, { ...world, authenticity: VERIFIED })).outcome).toMatchObject(refusal("sender_unregistered", false));
  });

  it("takes replies of everybody to a ticket", async () => {
    expect((await decided({ inReplyTo: ["<ot.7.x.good@desk.example>"] }, { ...world, tickets: [ticket()] })).outcome.kind).toBe("reply");
  });
});

describe("replies only", () => {
  const world = { departments: [department({ repliesOnly: true })], authenticity: VERIFIED };
  it("refuses new tickets, and says when a number was wrong", async () => {
    expect((await decided(ADA, world)).outcome).toMatchObject(refusal("replies_only", true));
    expect((await decided({ ...ADA, subject: "[Ticket ID: 404404]" }, world)).outcome).toMatchObject(refusal("ticket_not_found", true));
  });

  it("takes replies, and what staff open", async () => {
    expect((await decided({ inReplyTo: ["<ot.7.x.good@desk.example>"] }, { ...world, tickets: [ticket()] })).outcome.kind).toBe("reply");
    expect((await decided(AGENT, world)).outcome.kind).toBe("ticket");
  });
});

describe("what stands on the ticket", () => {
  it("has a subject and a message where the mail has none", async () => {
    const { outcome } = await decided({ subject: "  ", text: "", visibleText: "" });
    expect(outcome).toMatchObject({ draft: { params: { subject: "(no subject)", message: "(no text)", markdown: false }, fullText: undefined } });
  });

  it("is what is new in the mail, with the whole text beside it", async () => {
    const { outcome } = await decided({ text: "new\n> old", visibleText: "new" });
    expect(outcome).toMatchObject({ draft: { params: { message: "new" }, fullText: "new\n> old" } });
  });

  it("names the mail", async () => {
    const { outcome } = await decided();
    expect(outcome).toMatchObject({
      draft: { source: { channel: "email", door: "smtp", mailbox: "support@desk.example", messageId: "<m1@guest.example>", inboundId: "inb_1" } },
    });
  });
});

describe("files", () => {
  const part = (name: string, size: number) => ({
    name,
    size,
    contentType: "text/plain",
    sha256: "0".repeat(64),
    isInline: false,
    content: { kind: "raw" as const, start: 0, end: 0, encoding: "identity" as const },
  });
  const limits = { count: 2, bytes: 100, totalBytes: 150, extensions: ["txt"] };
  it.each([
    ["too large", [part("a.txt", 101), part("b.txt", 1)], ["b.txt"]],
    ["too many", [part("a.txt", 1), part("b.txt", 1), part("c.txt", 1)], ["a.txt", "b.txt"]],
    ["too large together", [part("a.txt", 90), part("b.txt", 90), part("c.txt", 60)], ["a.txt", "c.txt"]],
    ["of a wrong type", [part("a.exe", 1), part("b.TXT", 1)], ["b.TXT"]],
  ])("that are %s are left out with a note; the others stay", (_what, parts, kept) => {
    const { files, decisions } = keepFiles(parts, limits);
    expect(files.map(({ name }) => name)).toEqual(kept);
    expect(decisions).toHaveLength(parts.length - kept.length);
  });

  it("of which there are ten thousand do not fill the trace", () => {
    const { files, decisions } = keepFiles(
      Array.from({ length: 10_000 }, (_, index) => part(`${index}.txt`, 1)),
      limits,
    );
    expect([files.length, decisions.length]).toEqual([2, 11]);
  });
});
