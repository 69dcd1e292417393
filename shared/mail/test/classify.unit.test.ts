import { describe, expect, it } from "vitest";
import { type ClassifyInput, classify } from "../src/classify.ts";

type Headers = Record<string, string>;

function mail(headers: Headers, overrides: Partial<ClassifyInput> = {}): ClassifyInput {
  const all = { from: "Ann <ann@e.test>", subject: "Printer", date: "Mon, 5 May 2025 10:00:00 +0200", ...headers };
  return {
    headers: Object.entries(all),
    contentType: "text/plain",
    fromAddress: "ann@e.test",
    subject: all.subject,
    text: "It is broken.",
    hasAttachments: false,
    ...overrides,
  };
}

const kindOf = (input: ClassifyInput) => classify(input).kind;

describe("a person's mail is a ticket", () => {
  it.each<[string, ClassifyInput]>([
    ["plain", mail({})],
    ["from Exchange, which asks for silence on people's mails too", mail({ "x-auto-response-suppress": "DR, OOF, AutoReply" })],
    ["from Exchange, all of it", mail({ "x-auto-response-suppress": "All", "x-ms-exchange-organization-authas": "Internal" })],
    ["which answers an automatic reply", mail({ subject: "RE: Automatic reply: Printer", "in-reply-to": "<a@b>", "x-auto-response-suppress": "All" })],
    ["about an absence", mail({ subject: "Abwesenheit nächste Woche", "x-auto-response-suppress": "All" })],
    ["which answers one about an absence", mail({ subject: "Re: Out of office next week", "in-reply-to": "<a@b>" })],
    ["about automatic replies", mail({ subject: "Automatic reply is not working" })],
    ["which says that it is one", mail({ "auto-submitted": "no" })],
    ["from a large sender", mail({ "feedback-id": "1:2:3:x" })],
    ["that was forwarded", mail({ "x-loop": "bob@e.test" })],
    ["from a contact form", mail({}, { fromAddress: "noreply@shop.test" })],
    ["from a postmaster", mail({ subject: "My printer" }, { fromAddress: "postmaster@e.test" })],
    ["about a bounce", mail({ subject: "Fwd: Undeliverable: Printer" })],
    ["an answer with an old precedence", mail({ precedence: "bulk", "in-reply-to": "<a@b>" })],
    ["of normal precedence", mail({ precedence: "normal" })],
    ["with a responder's header that says no", mail({ "x-autoreply": "no" })],
    ["with a return path", mail({}, { returnPath: "ann@e.test" })],
    ["with a subject alone", mail({}, { text: "" })],
    ["with a file alone", mail({ subject: "" }, { text: "", hasAttachments: true })],
    ["with empty list headers", mail({ "list-id": "" })],
  ])("%s", (_what, input) => {
    expect(classify(input)).toEqual({ kind: "ticket", because: "no sign of a machine" });
  });
});

describe("automatic replies", () => {
  it.each<[string, ClassifyInput]>([
    ["RFC 3834", mail({ "auto-submitted": "auto-replied" })],
    ["RFC 3834 with a parameter", mail({ "auto-submitted": 'Auto-Replied; owner-email="a@e.test"' })],
    ["RFC 3834 with a comment", mail({ "auto-submitted": "auto-generated (vacation)" })],
    ["Exchange", mail({ "auto-submitted": "auto-generated", "x-auto-response-suppress": "All", subject: "Automatic reply: Printer" })],
    ["Exchange without the header of RFC 3834", mail({ "x-auto-response-suppress": "All", subject: "Automatische Antwort: Printer" })],
    ["a rule of an inbox", mail({ "x-ms-exchange-inbox-rules-loop": "a@e.test", subject: "Réponse automatique : Printer" })],
    ["Gmail", mail({ precedence: "bulk", "x-autoreply": "yes", "auto-submitted": "auto-replied" })],
    ["vacation(1)", mail({ precedence: "bulk", subject: "Out of office" })],
    ["cPanel", mail({ "x-autorespond": "", precedence: "bulk" })],
    ["X-Autorespond", mail({ "x-autorespond": "Printer" })],
    ["Precedence", mail({ precedence: "auto_reply" })],
    ["Lotus Notes", mail({ "x-post-messageclass": "9; Autoresponder" })],
    ["FirstClass", mail({ "x-fc-machinegenerated": "true" })],
    ["X-Loop", mail({ "x-loop": "true" })],
    ["no return path", mail({}, { returnPath: "" })],
    ["a receipt", mail({}, { contentType: "multipart/report", reportType: "disposition-notification" })],
    ["a responder on a list", mail({ "auto-submitted": "auto-replied", "list-id": "<a.e.test>" })],
    ["a subject in answer to us", mail({ subject: "Autosvar: Printer", "in-reply-to": "<ot.1@ours>" })],
  ])("%s", (_what, input) => {
    expect(kindOf(input)).toBe("auto-reply");
  });
});

describe("mailing lists and newsletters", () => {
  it.each<[string, ClassifyInput]>([
    ["a person on a list", mail({ "list-id": "Printers <printers.e.test>", "list-post": "<mailto:printers@e.test>", precedence: "list" })],
    ["a newsletter", mail({ "list-unsubscribe": "<https://e.test/u>", "feedback-id": "1:2:3:x", precedence: "bulk" })],
    ["Precedence alone", mail({ precedence: "list" })],
    ["mass mail by its own word", mail({ precedence: "bulk" })],
    ["ezmlm", mail({ "mailing-list": "contact a-help@e.test; run by ezmlm" })],
    ["majordomo", mail({ "x-mailing-list": "a@e.test" })],
    ["mailman", mail({ "x-beenthere": "a@e.test" })],
    ["a project's notification", mail({ "list-id": "a/b <b.a.e.test>", "auto-submitted": "auto-generated" })],
  ])("%s", (_what, input) => {
    expect(kindOf(input)).toBe("mailing-list");
  });
});

describe("bounces", () => {
  const recipients = [{ address: "a@e.test", action: "failed", status: "5.1.1", diagnostic: "", isPermanent: true }];
  it.each<[string, ClassifyInput]>([
    ["a delivery report", mail({ "auto-submitted": "auto-replied" }, { returnPath: "", report: { kind: "delivery", recipients } })],
    ["an abuse report", mail({}, { report: { kind: "abuse", feedbackType: "abuse" } })],
    ["a report that could not be read", mail({}, { contentType: "multipart/report", reportType: "delivery-status" })],
    ["Exim's header", mail({ "x-failed-recipients": "a@e.test" })],
    ["a mailer daemon", mail({}, { fromAddress: "MAILER-DAEMON@e.test" })],
    ["a mailer daemon without a domain", mail({}, { fromAddress: "MAILER-DAEMON" })],
    ["a postmaster who says so", mail({ subject: "Undeliverable: Printer" }, { fromAddress: "postmaster@e.test" })],
    ["Exchange", mail({ subject: "Nicht zugestellt: Printer" }, { fromAddress: "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@e.test" })],
    ["no return path and a subject that says so", mail({ subject: "Mail delivery failed" }, { returnPath: "" })],
  ])("%s", (_what, input) => {
    expect(kindOf(input)).toBe("bounce");
  });
});

describe("what is no mail", () => {
  it.each<[string, ClassifyInput]>([
    ["no headers", mail({}, { headers: [] })],
    ["headers of something else", mail({}, { headers: [["host", "e.test"]] })],
    ["nothing in it", mail({ subject: " " }, { text: "\n" })],
    ["binary data", mail({}, { text: "\u0001\u0002\ufffd\ufffdabc\u0003".repeat(100) })],
  ])("%s", (_what, input) => {
    expect(kindOf(input)).toBe("malformed");
  });

  it("a text in a charset that was not understood is still a mail", () => {
    expect(kindOf(mail({}, { text: "\ufffd".repeat(100) }))).toBe("ticket");
  });
});

it("says what decided, in few words", () => {
  expect(classify(mail({ "list-id": "<a.e.test>" })).because).toBe("header list-id");
  expect(classify(mail({ "auto-submitted": `auto-${"x".repeat(10_000)}` })).because).toHaveLength(200);
});
