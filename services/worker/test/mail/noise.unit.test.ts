import { describe, expect, it } from "vitest";
import { decideMail } from "../../src/mail/decide/decide-mail.ts";
import { ADA, AGENT, decided, depsOf, mail, record, ticket, VERIFIED } from "./build.ts";

const OWN = "<ot.7.x.good@desk.example>";
const SENT = { mails: [{ template: "ticket-opened", address: "ada@client.example" }] };
const delivery = (of: object = {}) => ({
  kind: "bounce" as const,
  report: {
    kind: "delivery" as const,
    originalMessageId: OWN,
    recipients: [{ address: "x@y.example", action: "failed", status: "5.1.1", diagnostic: "no such user", isPermanent: true, ...of }],
  },
});

describe("loops", () => {
  it.each([
    ["our own mail come back", { headers: [["x-openticket-loop", "v1 ours"]] as const }, "loop"],
    ["a mail that says it is from a mailbox of ours", { from: [{ name: "", address: "support@desk.example" }] }, "loop"],
    ["a mail of another installation, whatever it forgot to say", { headers: [["x-openticket-loop", "v1 theirs"]] as const }, "auto_reply"],
    ["an automatic answer", { kind: "auto-reply" as const }, "auto_reply"],
  ])("%s is ignored", async (_what, of, code) => {
    expect((await decided(of)).outcome).toMatchObject({ kind: "ignored", reason: { code } });
  });

  it("what comes from the null sender is no person's", async () => {
    const source = { door: "smtp", envelopeFrom: "", envelopeTo: ["support@desk.example"] };
    expect((await decided({}, {}, { source })).outcome).toMatchObject({ kind: "ignored", reason: { code: "auto_reply" } });
  });

  it("an automatic answer to a ticket is noted with it", async () => {
    const { outcome } = await decided({ kind: "auto-reply", inReplyTo: [OWN] }, { tickets: [ticket()] });
    expect(outcome).toMatchObject({ kind: "ignored", ticket: { id: 7 }, reason: { text: expect.stringContaining("516757") } });
  });

  it("automatic answers are tickets where that is wanted, and never answered", async () => {
    const { outcome } = await decided({ kind: "auto-reply" }, { rules: { autoReplies: "ticket" } });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params: { noemail: true } } });
  });

  it("lists and mass mailings are tickets that are not answered, or ignored", async () => {
    expect((await decided({ kind: "mailing-list" })).outcome).toMatchObject({ kind: "ticket", draft: { params: { noemail: true } } });
    expect((await decided({ kind: "mailing-list" }, { rules: { bulk: "ignore" } })).outcome).toMatchObject({ kind: "ignored", reason: { code: "bulk" } });
  });
});

describe("an answer of the staff", () => {
  const noemailOf = async (of: Parameters<typeof decided>[0], world: Parameters<typeof decided>[1] = {}) => {
    const { outcome } = await decided({ inReplyTo: [OWN], ...of }, { tickets: [ticket()], authenticity: VERIFIED, ...world });
    return outcome.kind === "reply" ? (outcome.draft.params.noemail ?? false) : outcome.kind;
  };
  it("through a list goes to the opener; a client's is not answered", async () => {
    expect(await noemailOf({ ...AGENT, kind: "mailing-list" })).toBe(false);
    expect(await noemailOf({ ...ADA, kind: "mailing-list" })).toBe(true);
  });

  it("goes to nobody when a machine has written it, or where a loop must end", async () => {
    expect(await noemailOf({ ...AGENT, kind: "auto-reply" }, { rules: { autoReplies: "ticket" } })).toBe(true);
    expect(await noemailOf(AGENT, { spent: 2, provenSpent: 2 })).toBe(true);
  });
});

describe("reports", () => {
  it("a bounce of our mail is noted with its ticket, and mutes whom that mail was sent to, not whom the report names", async () => {
    const { outcome } = await decided(delivery(), { tickets: [ticket(SENT)] });
    expect(outcome).toMatchObject({
      kind: "ignored",
      reason: { code: "bounce" },
      ticket: { id: 7 },
      effects: [
        { kind: "note-bounce", ticketId: 7, address: "ada@client.example", status: "5.1.1", isPermanent: true },
        { kind: "mute", address: "ada@client.example" },
      ],
    });
  });

  it.each([
    ["a soft failure mutes nobody", { isPermanent: false }, ["note-bounce"]],
    ["a delay is no failure", { action: "delayed", isPermanent: false }, []],
  ])("%s", async (_what, of, kinds) => {
    const { outcome } = await decided(delivery(of), { tickets: [ticket(SENT)] });
    expect(outcome.kind === "ignored" && outcome.effects.map(({ kind }) => kind)).toEqual(kinds);
  });

  it("a report with a forged Message-ID touches nothing", async () => {
    const forged = delivery();
    forged.report.originalMessageId = "<ot.7.x.bad@desk.example>";
    const { outcome } = await decided(forged, { tickets: [ticket(SENT)] });
    expect(outcome).toMatchObject({ kind: "ignored", effects: [] });
    expect(outcome).not.toHaveProperty("ticket");
  });

  it("an abuse report is no ticket", async () => {
    const report = { kind: "abuse" as const, feedbackType: "abuse", originalMessageId: OWN };
    expect((await decided({ report }, { tickets: [ticket(SENT)] })).outcome).toMatchObject({
      kind: "ignored",
      reason: { code: "abuse_report" },
      ticket: { id: 7 },
    });
  });
});

describe("filters", () => {
  const filter = (kind: "sender" | "domain" | "subject" | "phrase", value: string) => ({ filters: [{ id: 5, kind, value }] });
  it.each([
    ["sender", "gus@guest.example", true],
    ["sender", "us@guest.example", false],
    ["domain", "guest.example", true],
    ["domain", "example", true],
    ["domain", "uest.example", false],
    ["subject", "on fire", true],
    ["subject", "burns", false],
    ["phrase", "it burns", true],
  ] as const)("%s %s: blocked %s", async (kind, value, isBlocked) => {
    const { outcome } = await decided({}, filter(kind, value));
    expect(outcome.kind).toBe(isBlocked ? "ignored" : "ticket");
  });

  it.each([
    [[["x-spam-flag", "YES"]] as const, "ignored"],
    [[["x-spam-flag", "YES, score=9"]] as const, "ignored"],
    [[["x-spam-flag", "NO"]] as const, "ticket"],
    [[["x-spam-flag", "YESTERDAY"]] as const, "ticket"],
    [[["x-spam-status", "YES"]] as const, "ticket"],
  ])("verdict %s: %s", async (headers, kind) => {
    expect((await decided({ headers })).outcome.kind).toBe(kind);
  });
});

describe("budgets", () => {
  it.each([
    [0, "ticket", undefined],
    [2, "ticket", true],
    [3, "ticket", true],
    [4, "ignored", undefined],
  ])("after %i mails of the sender: %s", async (spent, kind, noemail) => {
    const { outcome } = await decided({}, { spent });
    expect(outcome.kind).toBe(kind);
    if (outcome.kind === "ticket") expect(outcome.draft.params.noemail).toBe(noemail);
    if (outcome.kind === "ignored") expect(outcome.reason.code).toBe("over_limit");
  });

  it.each([
    ["a domain that vouches for it", {}, { authenticity: VERIFIED }],
    ["the ticket that it answers", { inReplyTo: [OWN] }, { tickets: [ticket()] }],
  ])("mail that is proven by %s counts on its own: others may write in the sender's name", async (_what, of, world) => {
    const rules = { ticketBudget: { windowMs: 600_000, most: 60 } };
    expect((await decided(of, { ...world, rules, spent: 50 })).outcome.kind).toMatch(/^(ticket|reply)$/);
    expect((await decided(of, { ...world, rules, spent: 50, provenSpent: 4 })).outcome).toMatchObject({ kind: "ignored", reason: { code: "over_limit" } });
  });

  it("nobody uses up what a domain vouches for by answering a ticket of their own in the sender's name", async () => {
    const deps = depsOf({ spent: 50, tickets: [ticket()], authenticity: VERIFIED, rules: { ticketBudget: { windowMs: 600_000, most: 60 } } });
    const decide = (id: string, of: Parameters<typeof mail>[0]) => decideMail(mail(of), record({ _id: id }), deps);
    for (let count = 0; count < 6; count++) await decide(`inb_forged_${count}`, { inReplyTo: [OWN] });
    expect((await decide("inb_forged", { inReplyTo: [OWN] })).outcome).toMatchObject({ kind: "ignored", reason: { code: "over_limit" } });
    expect((await decide("inb_own", {})).outcome.kind).toBe("ticket");
  });

  it("one sender fills no ticket", async () => {
    const world = { tickets: [ticket()], spent: 3, rules: { senderBudget: { windowMs: 600_000, quiet: 50, most: 50 } } };
    expect((await decided({ inReplyTo: [OWN] }, world)).outcome).toMatchObject({ kind: "ignored", reason: { code: "over_limit" }, ticket: { id: 7 } });
  });
});

describe("what is left to an operator", () => {
  it("a mail that cannot be read, or names nobody", async () => {
    expect((await decided({ kind: "malformed" })).outcome).toMatchObject({ kind: "quarantined", reason: { code: "malformed" } });
    const nobody = { from: [{ name: "X", address: "not an address" }] };
    const source = { door: "pipe", envelopeTo: ["support@desk.example"] };
    expect((await decided(nobody, {}, { source })).outcome).toMatchObject({ kind: "quarantined", reason: { code: "no_sender" } });
  });

  it("role addresses are not answered", async () => {
    for (const address of ["no-reply@shop.example", "MAILER-DAEMON@mx.example", "noreply+7@shop.example"]) {
      expect((await decided({ from: [{ name: "", address }] })).outcome).toMatchObject({ kind: "ticket", draft: { params: { noemail: true } } });
    }
    expect(mail().from[0]?.address).toBe("gus@guest.example");
  });

  it("what the domain disowns is not answered", async () => {
    expect((await decided({}, { authenticity: { isForged: true } })).outcome).toMatchObject({
      kind: "ticket",
      draft: { params: { noemail: true }, actor: { isVerified: false } },
    });
  });
});
