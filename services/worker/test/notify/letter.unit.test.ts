import { describe, expect, it } from "vitest";
import type { Letter } from "../../src/notify/letter.ts";
import { makeMailWriter } from "../../src/notify/mail-writer.ts";
import { config, letter, SECRET, SENT_AT } from "./build.ts";

const HOSTILE = "lone \ud800 surrogate, nul \u0000, \u2028 \u202e é 漢字 👩‍🚀 <b>&\"'</b>\r\n.\r\nFrom here";

describe("a letter", () => {
  it("holds as much of a message as a mail shows, and how long it was", () => {
    const { message, length } = letter({ message: `${"x".repeat(49_999)}👩 and more` }).written;
    expect([message.length, length]).toEqual([49_999, 50_010]);
  });

  it("holds nothing of a file but its name and size", () => {
    const file = { name: "plan.pdf", contentType: "application/pdf", size: 2048, sha256: "a".repeat(64) };
    expect(letter({ attachments: [file] }).written.attachments).toEqual([{ name: "plan.pdf", size: 2048 }]);
  });

  it.each<[string, Letter]>([
    ["a ticket's", letter({ message: HOSTILE, subject: HOSTILE, opener: { kind: "guest", name: HOSTILE, email: "a@example.com", isVerified: false } })],
    ["one in Markdown", letter({ message: `*${HOSTILE}*\n\n|a|b|\n|-|-|\n|c|d|`, markdown: true, source: { channel: "email", messageId: "<1@b.example>" } })],
    [
      "a reply's",
      {
        ...letter({}, "reply-to-opener"),
        reply: { replyId: 3, author: { kind: "admin", name: HOSTILE }, status: "Answered", createdAt: SENT_AT.getTime() },
      },
    ],
    [
      "a refusal's",
      {
        kind: "refusal",
        to: { name: HOSTILE, address: "ada@example.com" },
        department: undefined,
        writtenAt: SENT_AT.getTime(),
        trace: { ticketId: 0, requestId: "n", template: "refusal" },
        refusal: { name: "n", deptid: 1, code: "ticket_closed", subject: HOSTILE, messageId: undefined },
      },
    ],
  ])("is written to the same bytes on the other side of a thread's border: %s", async (_, given) => {
    const write = await makeMailWriter({ config: config(), tokenSecret: SECRET });
    expect(write(JSON.parse(JSON.stringify(given)))).toEqual(write(given));
    expect(write(given).raw).toMatch(/^Message-ID:/m);
  });
});
