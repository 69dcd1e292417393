import type { ReplyRecord } from "@openticket/contract";
import { describe, expect, it } from "vitest";
import { type Letter, letterOf, refusalLetterOf } from "../../src/notify/letter.ts";
import { makeMailWriter } from "../../src/notify/mail-writer.ts";
import { letter, SENT_AT, ticket, WRITING } from "./build.ts";

const HOSTILE = "lone \ud800 surrogate, nul \u0000, \u2028 \u202e é 漢字 👩‍🚀 <b>&\"'</b>\r\n.\r\nFrom here";

const ABOUT = { to: { name: HOSTILE, address: "ada@example.com" }, department: undefined, at: SENT_AT };
const REPLY: ReplyRecord = {
  ...{ _id: "req_2", requestId: "req_2", fingerprint: "f", replyId: 11, ticketId: 7, message: HOSTILE, markdown: false, status: "Answered" },
  author: { kind: "admin", admin: "grace", name: HOSTILE, email: "grace@example.com" },
  ...{ attachments: [], customfields: [], source: { channel: "api" }, decisions: [], outbox: [] },
  ...{ createdAt: SENT_AT, receivedAt: SENT_AT, addedAt: SENT_AT },
};

describe("a letter", () => {
  it("holds as much of a message as a mail shows, and how long it was", () => {
    const { message, length } = letter({ message: `${"x".repeat(49_999)}👩 and more` }).written;
    expect([message.length, length]).toEqual([49_999, 50_010]);
  });

  it("holds nothing of a ticket that no mail shows", () => {
    const opener = { kind: "guest" as const, name: "Ada", email: "ada@example.com", clientid: 77_001 };
    const source = { channel: "http", ip: "192.0.2.77", credential: "the credential" };
    const department = { name: "Sales", email: "sales@example.com", staff: ["the staff"] };
    const about = { ...ABOUT, department, template: "ticket-opened" as const, maxChars: 100 };
    const record = ticket({ opener, source });
    const given = letterOf({ ticket: record, written: record }, about);
    expect(JSON.stringify(given)).not.toMatch(/77001|192\.0\.2\.77|the credential|the staff/);
    expect(JSON.stringify(given)).toContain("sales@example.com");
  });

  it("holds nothing of a file but its name and size", () => {
    const file = { name: "plan.pdf", contentType: "application/pdf", size: 2048, sha256: "a".repeat(64) };
    expect(letter({ attachments: [file] }).written.attachments).toEqual([{ name: "plan.pdf", size: 2048 }]);
  });

  it.each<[string, Letter]>([
    ["a ticket's", letter({ message: HOSTILE, subject: HOSTILE, opener: { kind: "guest", name: HOSTILE, email: "a@example.com", isVerified: false } })],
    ["one in Markdown", letter({ message: `*${HOSTILE}*\n\n|a|b|\n|-|-|\n|c|d|`, markdown: true, source: { channel: "email", messageId: "<1@b.example>" } })],
    ["a reply's", letterOf({ ticket: ticket(), written: REPLY, reply: REPLY }, { ...ABOUT, template: "reply-to-opener", maxChars: 100 })],
    ["a refusal's", refusalLetterOf({ name: "n", to: { name: "Ada", email: "a@example.com" }, deptid: 1, code: "ticket_closed", subject: HOSTILE }, ABOUT)],
  ])("is written to the same bytes on the other side of a thread's border: %s", (_, given) => {
    const write = makeMailWriter(WRITING);
    expect(write(JSON.parse(JSON.stringify(given)))).toEqual(write(given));
    expect(write(given).raw).toMatch(/^Message-ID:/m);
  });
});
