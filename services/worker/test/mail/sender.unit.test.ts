import { describe, expect, it } from "vitest";
import { originalSender } from "../../src/mail/decide/forwarded.ts";
import { ADA, AGENT, decided, ticket, VERIFIED } from "./build.ts";

const from = (address: string, name = "") => ({ from: [{ name, address }] });

describe("who it is from", () => {
  it.each([
    ["a client", "ada@client.example", { clientid: 1 }, {}],
    ["a user", "mary@client.example", { clientid: 1, userid: 3 }, { userid: 3 }],
    ["a contact", "luigi@client.example", { clientid: 1, contactid: 4 }, {}],
    ["staff", "agent@desk.example", { name: "agent", email: "agent@desk.example" }, { admin: "agent" }],
    ["a guest", "gus@guest.example", { name: "gus", email: "gus@guest.example" }, {}],
  ])("a verified sender is %s", async (_who, address, params, actor) => {
    const { outcome } = await decided(from(address), { authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params, actor: { isVerified: true, ...actor } } });
  });

  it("a sender that is not verified is a guest, and the trace alone says who it would be", async () => {
    const { outcome, trace } = await decided(ADA);
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params: { name: "Ada", email: "ada@client.example" }, actor: { isVerified: false } } });
    expect(outcome.kind === "ticket" && outcome.draft.params).not.toHaveProperty("clientid");
    expect(trace).toContainEqual({ rule: "known address", answer: "not used", because: "client 1, if it were proven" });
  });

  it("a disabled member of the staff is none", async () => {
    const people = { "agent@desk.example": { admins: [{ username: "agent", firstname: "A", lastname: "T", email: "agent@desk.example", disabled: true }] } };
    const { outcome } = await decided(AGENT, { authenticity: VERIFIED, people });
    expect(outcome.kind === "ticket" && outcome.draft.actor).toEqual({ isVerified: true });
  });

  it("what stands elsewhere than in From is never verified", async () => {
    const { outcome } = await decided({ from: [], sender: { name: "", address: "ada@client.example" } }, { authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { actor: { isVerified: false } } });
  });

  it("a form's Reply-To names who has written, as a guest", async () => {
    const of = { ...from("no-reply@shop.example"), replyTo: [{ name: "Rita", address: "rita@guest.example" }] };
    const { outcome } = await decided(of, { authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params: { name: "Rita", email: "rita@guest.example" }, actor: { isVerified: false } } });
  });

  it("a person's own Reply-To does not make them somebody else", async () => {
    const { outcome } = await decided({ replyTo: [{ name: "", address: "ada@client.example" }] }, { authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params: { email: "gus@guest.example" } } });
  });
});

describe("forwarded mail", () => {
  const text =
    "see below\n\n---------- Forwarded message ---------\nFrom: Carl Customer <carl@shop.example>\nDate: Mon, 1 Jan 2026\nSubject: Help\nTo: <agent@desk.example>\n\nIt broke.";

  it("of authenticated staff is from who stands in the block, unverified, opened by the admin, with the whole text", async () => {
    const { outcome } = await decided({ ...AGENT, subject: "Fwd: Help", text, visibleText: "see below" }, { authenticity: VERIFIED });
    expect(outcome).toMatchObject({
      kind: "ticket",
      draft: { params: { name: "Carl Customer", email: "carl@shop.example", admin: true, message: text }, actor: { admin: "agent", isVerified: false } },
    });
  });

  it("of anybody else keeps what it hands on in a new ticket; in a reply it is quoted, and the full text alone has it", async () => {
    const of = { text: "see below\n\nthe original", visibleText: "see below", openingText: "see below\n\nthe original" };
    expect((await decided(of)).outcome).toMatchObject({ kind: "ticket", draft: { params: { message: of.text }, fullText: undefined } });
    const reply = await decided({ ...of, inReplyTo: ["<ot.7.x.good@desk.example>"] }, { tickets: [ticket()] });
    expect(reply.outcome).toMatchObject({ kind: "reply", draft: { params: { message: "see below" }, fullText: of.text } });
  });

  it("of anybody else is from who has forwarded it", async () => {
    for (const given of [
      { of: AGENT, world: {} },
      { of: ADA, world: { authenticity: VERIFIED } },
    ]) {
      const { outcome } = await decided({ ...given.of, subject: "Fwd: Help", text }, given.world);
      expect(JSON.stringify(outcome)).not.toContain('"email":"carl@shop.example"');
    }
  });

  it.each([
    ["Fwd: x", "From: A B <a@b.example>\nSent: Monday\nTo: c\nSubject: x"],
    ["x", "Anfang der weitergeleiteten Nachricht:\n\nVon: A B <a@b.example>\nBetreff: x\nDatum: 1. Januar"],
    ["WG: x", "Von: A B [mailto:a@b.example]\nGesendet: Montag\nAn: c\nBetreff: x"],
    ["x", "---------- Message transféré ---------\nDe : A B <a@b.example>\nDate: lun. 1 janv.\nObjet : x"],
    ["TR: x", "De : A B <a@b.example>\nEnvoyé : lundi\nÀ : c\nObjet : x"],
    ["x", "---------- Mensaje reenviado ---------\nDe: A B <a@b.example>\nAsunto: x"],
    ["I: x", "Da: A B <a@b.example>\nInviato: lunedì\nA: c\nOggetto: x"],
    ["x", "-------- Doorgestuurd bericht --------\nOnderwerp: x\nDatum: ma\nVan: A B <a@b.example>"],
    ["x", "-------- Пересылаемое сообщение --------\nОт: A B <a@b.example>\nТема: x"],
    ["转发: x", "发件人： A B <a@b.example>\n发送时间： 2026\n收件人： c\n主题： x"],
    ["FW: x", "-----Original Message-----\n*From:* A B <a@b.example>\n*Sent:* Monday\n*Subject:* x"],
    ["x", "Begin forwarded message:\n\n> From: A B <a@b.example>\n> Subject: x\n> Date: 1 January 2026"],
    ["VS: x", "Fra: A B <a@b.example>\nSendt: mandag\nTil: c\nEmne: x"],
  ])("%s / %s", (subject, block) => {
    expect(originalSender({ subject, text: `hello\n\n${block}\n\nbody` })).toEqual({ name: "A B", address: "a@b.example" });
  });

  it.each([
    ["an original below an answer", "Re: x", "-----Original Message-----\nFrom: A B <a@b.example>\nSent: Monday\nTo: c\nSubject: x"],
    ["an original below an answer in German", "AW: x", "-----Ursprüngliche Nachricht-----\nVon: A B <a@b.example>\nGesendet: Montag\nAn: c\nBetreff: x"],
    ["a forwarded mail that is quoted", "Re: x", "> ---------- Forwarded message ---------\n> From: A B <a@b.example>\n> Subject: x"],
    ["what is quoted below a forward's subject", "Fwd: x", "> From: A B <a@b.example>\n> Subject: x\n> To: c"],
    ["a Finnish answer, which is named as a Norwegian forward is", "VS: x", "Lähettäjä: A B <a@b.example>\nLähetetty: maanantai\nAihe: x"],
  ])("is not %s", (_what, subject, block) => {
    expect(originalSender({ subject, text: `hello\n\n${block}\n\nbody` })).toBeUndefined();
  });

  it.each([
    ["our Message-ID", { inReplyTo: ["<ot.7.x.good@desk.example>"] }],
    ["a Message-ID that was taken in", { references: ["<their@client.example>"] }],
    ["its number", { subject: "Re: [Ticket ID: 516757] Help" }],
  ])("is not what staff write to a ticket, whatever it quotes: known by %s", async (_what, of) => {
    const world = { authenticity: VERIFIED, tickets: [ticket()], known: { "<their@client.example>": 7 } };
    const { outcome, trace } = await decided({ ...AGENT, text, ...of }, world);
    expect(outcome).toMatchObject({
      kind: "reply",
      ticket: { id: 7 },
      draft: { params: { adminusername: "agent" }, actor: { admin: "agent", isVerified: true } },
    });
    expect(trace).toContainEqual(expect.objectContaining({ rule: "forwarded", answer: "not followed", because: expect.stringContaining("ticket 516757") }));
  });

  it("is not what answers a mail of ours whose ticket is gone", async () => {
    const { outcome } = await decided({ ...AGENT, text, inReplyTo: ["<ot.9.x.good@desk.example>"] }, { authenticity: VERIFIED });
    expect(outcome).toMatchObject({ kind: "ticket", draft: { params: { email: "agent@desk.example" } } });
  });

  it("is not what only mentions an address", () => {
    expect(originalSender({ subject: "Re: x", text: "From: a@b.example\nDate: now\n" })).toBeUndefined();
    expect(originalSender({ subject: "Fwd: x", text: "From: nowhere\nno header here" })).toBeUndefined();
    expect(originalSender({ subject: "Fwd: x", text: "From: a@b.example is what I wrote" })).toBeUndefined();
  });
});
