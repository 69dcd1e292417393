import { requestIdOfKey } from "@openticket/contract";
import type { MailPart } from "@openticket/mail";
import { describe, expect, it } from "vitest";
import { EarlierUndecided } from "../../src/mail/decide/earlier-undecided.ts";
import type { LinkedTicket } from "../../src/mail/decide/ports.ts";
import { ADA, AGENT, decided, department, record, ticket, VERIFIED } from "./build.ts";

const OWN = "<ot.7.x.good@desk.example>";
const TOKEN = `t7.${"a".repeat(20)}`;
const NUMBER = { subject: "Re: [Ticket ID: 516757] Printer" };
const world = (of: object = {}) => ({ tickets: [ticket()], known: { "<their@client.example>": 7 }, ...of });

describe("which ticket", () => {
  it.each([
    ["our own Message-ID in In-Reply-To", { inReplyTo: [OWN] }],
    ["our own Message-ID among References", { references: ["<x@y>", OWN, "<z@y>"] }],
    ["a token in the address", { to: [{ name: "", address: `support+${TOKEN}@desk.example` }] }],
    ["a Message-ID that was taken in", { references: ["<their@client.example>"] }],
    ["the marker in quoted text", { text: `ok\n> [ref:${TOKEN}]`, visibleText: "ok" }],
  ])("%s leads to it, whoever writes", async (_what, of) => {
    expect((await decided(of, world())).outcome).toMatchObject({
      kind: "reply",
      ticket: { id: 7 },
      draft: { params: { ticketid: 7, email: "gus@guest.example" } },
    });
  });

  it.each([
    ["a Message-ID that is like ours", { inReplyTo: ["<ot.7.x.bad@desk.example>"] }],
    ["a token that is like ours", { to: [{ name: "", address: `support+t7.${"b".repeat(20)}@desk.example` }] }],
    ["a marker that is like ours", { text: `[ref:t7.${"b".repeat(20)}]` }],
    ["a number that anybody can write", NUMBER],
    ["a number that is not there", { subject: "[Ticket ID: 999999]" }],
  ])("%s opens a new one, and the trace says so", async (_what, of) => {
    const { outcome, trace } = await decided(of, world());
    expect(outcome.kind).toBe("ticket");
    expect(trace.some(({ answer }) => ["not ours", "not followed", "no such ticket"].includes(answer))).toBe(true);
  });
});

describe("the number in the subject counts", () => {
  it.each([
    ["of the opener, verified", ADA],
    ["of another who acts for the client", { from: [{ name: "", address: "mary@client.example" }] }],
    ["of staff, verified", AGENT],
    ["of one who has replied before", { from: [{ name: "", address: "bob@elsewhere.example" }] }],
  ])("%s", async (_who, of) => {
    expect((await decided({ ...NUMBER, ...of }, world({ authenticity: VERIFIED }))).outcome).toMatchObject({ kind: "reply" });
  });

  it.each([
    ["of the opener's address, not verified, on a client's ticket", ADA],
    ["of staff, not verified", AGENT],
  ])("not %s", async (_who, of) => {
    expect((await decided({ ...NUMBER, ...of }, world())).outcome).toMatchObject({ kind: "ticket" });
  });

  it("of a guest who was as little verified when it was opened", async () => {
    const opener = { kind: "guest" as const, name: "Gus", email: "GUS@guest.example", isVerified: false };
    expect((await decided(NUMBER, { tickets: [ticket({ opener })] })).outcome).toMatchObject({ kind: "reply" });
    expect((await decided({ ...NUMBER, from: [{ name: "", address: "eve@guest.example" }] }, { tickets: [ticket({ opener })] })).outcome).toMatchObject({
      kind: "ticket",
    });
    expect((await decided(NUMBER, { tickets: [ticket({ opener: { ...opener, isVerified: true } })] })).outcome).toMatchObject({ kind: "ticket" });
  });
});

describe("a mail that refers to one which is not decided yet", () => {
  const followUp = { inReplyTo: ["<question@guest.example>"] };
  const undecided = ["<question@guest.example>"];

  it("waits for it, longer with each try", async () => {
    for (const [waitedMs, retryInMs] of [
      [0, 1000],
      [7000, 8000],
      [100_000, 30_000],
    ] as const) {
      const tried = decided(followUp, { undecided, waitedMs });
      await expect(tried).rejects.toBeInstanceOf(EarlierUndecided);
      await expect(tried).rejects.toMatchObject({ retryInMs });
    }
  });

  it("waits before anything is spent or looked for, and never for ever", async () => {
    expect((await decided(followUp, { undecided, waitedMs: 180_000 })).trace).toContainEqual({
      rule: "earlier mail",
      answer: "not waited for any longer",
      because: "<question@guest.example>",
    });
    const waitsSince = new Date(record().receivedAt.getTime() - 180_000);
    expect((await decided(followUp, { undecided }, { waitsSince })).outcome.kind).toBe("ticket");
  });

  it.each([
    ["refers to another", { references: ["<other@guest.example>"] }],
    ["refers to none", {}],
  ])("but not when it %s", async (_what, of) => {
    expect((await decided(of, { undecided })).outcome.kind).toBe("ticket");
  });
});

describe("a mail to several of our mailboxes", () => {
  const [support, sales] = [{}, { _id: "inb_2", requestId: "req_2", mailbox: "sales@desk.example" }];
  const mailboxes = { "support@desk.example": 1, "sales@desk.example": 1 };
  const answer = { references: ["<their@client.example>"] };
  const dated = (date: string) => ({ headers: [["date", date] as const] });
  const keyOf = ({ outcome }: Awaited<ReturnType<typeof decided>>) => (outcome.kind === "reply" ? outcome.key : undefined);

  it("is one reply, by whichever it comes", async () => {
    const keys = [await decided(answer, world({ mailboxes }), support), await decided(answer, world({ mailboxes }), sales)].map(keyOf);
    expect(keys[0]).toMatch(/^reply-by-mail 7 [0-9a-f]{64}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  it.each([
    ["other words", { text: "It smokes.", visibleText: "It smokes." }],
    ["other files", { attachments: [{ name: "a.txt", size: 1 } as MailPart] }],
    ["another Message-ID", { messageId: "<m2@guest.example>" }],
    ["another sender", AGENT],
  ])("is another with %s", async (_what, of) => {
    expect(keyOf(await decided({ ...answer, ...of }, world()))).not.toBe(keyOf(await decided(answer, world())));
  });

  it("is another with another Date, which is read of the mail, as a door of an earlier version has not noted it", async () => {
    const key = async (of: object, by: object) => keyOf(await decided({ ...answer, ...of }, world({ mailboxes }), by));
    const noted = { writtenAt: new Date("2026-01-05T12:00:00Z") };
    const [monday, anew, tuesday] = ["Mon, 5 Jan 2026 12:00:00 +0000", "5 Jan 26 13:00 CET", "Tue, 6 Jan 2026 12:00:00 +0000"].map(dated);
    expect(await key({ ...monday }, { ...support, ...noted })).toBe(await key({ ...anew }, sales));
    expect(new Set([await key({ ...monday }, support), await key({ ...tuesday }, support), await key({}, { ...support, ...noted })]).size).toBe(3);
  });

  it("is found on its ticket where a worker of an earlier version has put it there, which left the Date out of its name", async () => {
    const undated = requestIdOfKey("email", keyOf(await decided(answer, world())) ?? "");
    const twin = { id: 7, tid: "516757", replyId: 3, receivedAt: new Date("2026-03-04T05:06:07Z") };
    const become = async (date: string) => (await decided({ ...answer, ...dated(date) }, world({ mailboxes, earlier: { [undated]: twin } }), sales)).outcome;
    expect(await become("Wed, 4 Mar 2026 05:06:00 +0000")).toEqual({ kind: "done", ticket: twin });
    // A device may say the same again.
    twin.receivedAt = new Date("2026-03-01T05:06:07Z");
    expect(await become("Wed, 4 Mar 2026 05:06:00 +0000")).toMatchObject({ kind: "reply", ticket: { id: 7 } });
  });

  it("of the staff is another than its copy in their name", async () => {
    const of = { ...answer, ...AGENT };
    expect(keyOf(await decided(of, world({ authenticity: VERIFIED })))).not.toBe(keyOf(await decided(of, world())));
  });

  it("is named by its record without a Message-ID", async () => {
    expect(keyOf(await decided({ ...answer, messageId: undefined }, world()))).toBeUndefined();
  });

  it("is found on its ticket before anything else is asked of that", async () => {
    const key = keyOf(await decided(answer, world()));
    const twin = { id: 7, tid: "516757", replyId: 3 };
    const earlier = { [requestIdOfKey("email", key ?? "")]: twin };
    const departments = [department({ closedReply: "refuse" })];
    const { outcome, trace } = await decided(answer, world({ earlier, departments, mailboxes, tickets: [ticket({ status: "Closed" })] }), sales);
    expect(outcome).toMatchObject({ kind: "done", ticket: twin });
    expect(trace.at(-1)).toMatchObject({ rule: "added before", answer: "done" });
  });

  it("is added to the ticket that the mailbox has of the mail it answers", async () => {
    const known = { "<their@client.example>": 7, "<their@client.example> sales@desk.example": 8 };
    const both = { known, mailboxes, tickets: [ticket(), ticket({ id: 8, tid: "800000" })] };
    expect((await decided(answer, both, support)).outcome).toMatchObject({ kind: "reply", ticket: { id: 7 } });
    expect((await decided(answer, both, sales)).outcome).toMatchObject({ kind: "reply", ticket: { id: 8 } });
  });
});

describe("who replies", () => {
  it.each([
    ["staff, authenticated", AGENT, VERIFIED, { adminusername: "agent" }],
    ["staff, not authenticated: a guest", AGENT, {}, { name: "Alan", email: "agent@desk.example" }],
    ["a client", ADA, VERIFIED, { clientid: 1 }],
    ["a contact", { from: [{ name: "", address: "luigi@client.example" }] }, VERIFIED, { clientid: 1, contactid: 4 }],
  ])("%s", async (_who, of, authenticity, params) => {
    const { outcome } = await decided({ ...of, inReplyTo: [OWN] }, world({ authenticity }));
    expect(outcome.kind === "reply" && outcome.draft.params).toEqual({ ticketid: 7, message: "It burns.", markdown: false, ...params });
  });
});

describe("a closed ticket", () => {
  const closed = { tickets: [ticket({ status: "Closed" })] };
  it.each([
    [undefined, { kind: "reply" }],
    ["reopen", { kind: "reply" }],
    ["open-linked", { kind: "ticket", linkedTo: { id: 7, tid: "516757" } }],
    ["refuse", { kind: "refused", reason: { code: "ticket_closed" } }],
  ] as const)("%s", async (closedReply, expected) => {
    const departments = [department({ closedReply })];
    expect((await decided({ inReplyTo: [OWN] }, { ...closed, departments })).outcome).toMatchObject(expected);
  });

  it.each(["open-linked", "refuse"] as const)("takes what staff answer, also with %s", async (closedReply) => {
    const { outcome } = await decided({ ...AGENT, inReplyTo: [OWN] }, { ...closed, departments: [department({ closedReply })], authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "reply", ticket: { id: 7 }, draft: { params: { adminusername: "agent" } } });
  });

  describe("that goes on in another", () => {
    const gus = { kind: "guest" as const, name: "Gus", email: "Gus@guest.example" };
    const successor = (of: Partial<LinkedTicket> = {}) => ({ ...ticket({ id: 8, tid: "800000", opener: gus }), message: "And now?", ...of });
    const become = async (linked: Record<number, LinkedTicket[]>, of: Parameters<typeof decided>[0] = {}, authenticity = {}) => {
      const world = { ...closed, departments: [department({ closedReply: "open-linked" })], linked, authenticity };
      const { outcome } = await decided({ inReplyTo: [OWN], ...of }, world);
      return "ticket" in outcome ? [outcome.kind, outcome.ticket?.id] : [outcome.kind];
    };

    it("of the same sender takes their next mail", async () => {
      expect(await become({ 7: [successor()] })).toEqual(["reply", 8]);
      const ofClient = successor({ opener: { kind: "client", clientid: 1, name: "Ada", email: "ada@client.example" } });
      expect(await become({ 7: [ofClient] }, { from: [{ name: "", address: "mary@client.example" }] }, VERIFIED)).toEqual(["reply", 8]);
    });

    it("is followed when that is closed as well", async () => {
      const linked = { 7: [successor({ status: "Closed" })], 8: [successor({ id: 9, tid: "900000" })] };
      expect(await become(linked)).toEqual(["reply", 9]);
      expect(await become({ 7: [successor({ status: "closed" })] })).toEqual(["ticket"]);
    });

    it("of somebody else does not", async () => {
      expect(await become({ 7: [successor({ opener: { ...gus, email: "eve@evil.example" } })] })).toEqual(["ticket"]);
      const ofClient = successor({ opener: { kind: "client", clientid: 1, name: "Ada", email: "ada@client.example" } });
      expect(await become({ 7: [ofClient] }, ADA)).toEqual(["ticket"]);
    });

    it("by this very mail, which came by another mailbox, is what it became", async () => {
      expect(await become({ 7: [successor({ messageId: "<m1@guest.example>", message: "It burns." })] })).toEqual(["done", 8]);
      expect(await become({ 7: [successor({ messageId: "<m1@guest.example>", message: "It smoked." })] })).toEqual(["reply", 8]);
      const opened = { 7: [successor({ messageId: "<m1@guest.example>", message: "It burns.", writtenAt: "2026-01-05T00:00:00.000Z" })] };
      for (const [date, kind] of [
        ["5 Jan 2026 00:00", "done"],
        ["6 Jan 2026 00:00", "reply"],
      ] as const)
        expect(await become(opened, { headers: [["date", date]] })).toEqual([kind, 8]);
    });
  });
});
