import type { OutboxEntry, ReplyRecord } from "@openticket/contract";
import { simpleParser } from "mailparser";
import { expect, it } from "vitest";
import { makeMessageIds } from "../../src/notify/message-ids.ts";
import { makeNotifier } from "../../src/notify/notifier.ts";
import { depsWith, keepingTransport, owed, SECRET, ticket } from "./build.ts";

const AT = new Date("2026-03-04T05:00:00Z");
const STAFF = { name: "Grace Hopper", email: "grace@example.com" };

function reply(overrides: Partial<ReplyRecord> = {}): ReplyRecord {
  return {
    _id: "req_2",
    requestId: "req_2",
    fingerprint: "f",
    replyId: 11,
    ticketId: 7,
    author: { kind: "admin", admin: "grace", ...STAFF },
    message: "Use water.",
    markdown: false,
    attachments: [{ name: "plan.pdf", contentType: "application/pdf", size: 2048, sha256: "a".repeat(64) }],
    customfields: [],
    status: "Answered",
    createdAt: AT,
    receivedAt: AT,
    addedAt: AT,
    source: { channel: "api" },
    decisions: [],
    outbox: [],
    ...overrides,
  };
}

async function written(of: Partial<ReplyRecord>, entry: OutboxEntry, about = ticket()) {
  const transport = keepingTransport();
  const notifier = makeNotifier(depsWith({ transport }));
  await notifier.deliverReply(about, reply(of), entry);
  const [mail] = transport.mails;
  if (!mail) throw new Error("no mail was sent");
  const parsed = await simpleParser(mail.raw, { skipTextToHtml: true });
  return { mail, parsed, text: parsed.text ?? "", html: parsed.html || "", header: (name: string) => parsed.headers.get(name) };
}

const toOpener = owed("reply-to-opener");
const toStaff = owed("staff-reply-added", STAFF);
const FROM_CLIENT: Partial<ReplyRecord> = { author: { kind: "client", clientid: 1, name: "Ada Lovelace", email: "ada@example.com" }, status: "Customer-Reply" };

it("the staff's answer to the opener: what was written, by whom, its files, the ticket's page", async () => {
  const { parsed, text, html } = await written({}, toOpener);
  expect(parsed.subject).toBe("[Ticket ID: 516757] Printer on fire");
  for (const part of ["Grace Hopper", "Use water.", "Answered", "plan.pdf", "viewticket.php?tid=516757&c=KPqH7yG3"]) expect(text).toContain(part);
  expect(html).toContain("Use water.");
  expect(text + html).not.toContain("grace@example.com");
  expect(text).not.toContain("It burns");
});

it("the client's reply to staff: from whom, and no way into the client area", async () => {
  const { text, html } = await written(FROM_CLIENT, toStaff);
  for (const part of ["Ada Lovelace", "ada@example.com", "(client)", "Customer-Reply", "Use water."]) expect(text).toContain(part);
  expect(text + html).not.toContain("KPqH7yG3");
  expect(text).not.toContain("could not be verified");
});

it("warns staff of a sender who could not be verified", async () => {
  const author = { kind: "guest" as const, name: "Ada", email: "ada@example.com", isVerified: false };
  expect((await written({ author }, toStaff)).text).toContain("could not be verified");
});

it("an answer that a person wrote is no automatic mail; the news to staff is one", async () => {
  const answer = await written({}, toOpener);
  expect([answer.header("auto-submitted"), answer.header("x-auto-response-suppress")]).toEqual([undefined, "All"]);
  expect((await written(FROM_CLIENT, toStaff)).header("auto-submitted")).toBe("auto-generated");
});

it("each reply has a Message-ID of its own, the same each time, in the ticket's thread", async () => {
  const ids = makeMessageIds({ secret: SECRET, domain: "example.com" });
  const { mail, parsed, header } = await written({}, toOpener);
  expect(mail.messageId).toBe(ids.ofDelivery(ticket(), "reply-to-opener-11", "ada@example.com"));
  expect(mail.messageId).toMatch(/^<ot\.7\.reply-to-opener-11\.[0-9a-f]{32}@example\.com>$/);
  expect((await written({}, toOpener)).mail.messageId).toBe(mail.messageId);
  expect((await written({ replyId: 12 }, toOpener)).mail.messageId).not.toBe(mail.messageId);
  expect(parsed.references).toContain(ids.ofThread(ticket()));
  expect(ids.isOwnLoopToken(String(header("x-openticket-loop")), mail.messageId)).toBe(true);
});

it("answers the mail that opened the ticket", async () => {
  const byMail = ticket({ source: { channel: "email", messageId: "<first@client.example>" } });
  const { parsed } = await written({}, toOpener, byMail);
  expect([parsed.inReplyTo, parsed.references]).toEqual(["<first@client.example>", expect.arrayContaining(["<first@client.example>"])]);
});
