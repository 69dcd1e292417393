import type { InboundRecord } from "@openticket/contract";
import { erasePerson } from "@openticket/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HelpDesk, rawMail, startHelpDesk } from "../support/help-desk.ts";
import { until } from "../support/until.ts";

let desk: HelpDesk;
beforeAll(async () => {
  desk = await startHelpDesk({ SMTP_MESSAGES_PER_MINUTE: "0", MAIL_REPLY_TOKEN: "plus" });
});
afterAll(() => desk.stop());

const header = (mail: string, name: string) =>
  new RegExp(`^${name}:[ \\t]*((?:.*\\r?\\n[ \\t]+)*.*)$`, "im")
    .exec(mail)?.[1]
    ?.replace(/\r?\n[ \t]+/g, " ")
    .trim() ?? "";

describe("a mail over SMTP", () => {
  it("becomes a ticket, is answered, and the answer to that is added to it", async () => {
    const opened = await desk.receive(rawMail({ Subject: "First" }));
    expect(opened).toMatchObject({
      state: "ticket",
      reason: { code: "ticket_opened" },
      summary: { from: "gus@guest.example", subject: "First", kind: "ticket" },
    });
    expect(await desk.ticket(opened.ticket?.id)).toMatchObject({
      subject: "First",
      status: "Open",
      message: "It burns.",
      opener: { kind: "guest", name: "Gus Guest", email: "gus@guest.example", isVerified: false },
    });

    const notice = await desk.sentWith("To: Gus Guest <gus@guest.example>", "First");
    expect(header(notice, "Auto-Submitted")).toBe("auto-replied");
    expect(header(notice, "Reply-To")).toMatch(/support\+t\d+\.[0-9a-f]{20}@example\.test/);
    const answer = { Subject: "whatever", "In-Reply-To": header(notice, "Message-ID"), From: "Gus from home <gus@home.example>" };
    const added = await desk.receive(rawMail(answer, "Still burning.\n\n> quoted\n"));
    expect(added).toMatchObject({ state: "reply", reason: { code: "reply_added" }, ticket: { id: opened.ticket?.id, replyId: expect.any(Number) } });
    expect(await desk.ticket(opened.ticket?.id)).toMatchObject({
      status: "Customer-Reply",
      replies: [{ author: { kind: "guest", email: "gus@home.example", isVerified: false } }],
    });
    await desk.sentWith("X-OpenTicket-Template: staff-reply-added", "First");
  });

  it("is found by the token in the address and by the marker in quoted text", async () => {
    const opened = await desk.receive(rawMail({ Subject: "Tokens" }));
    const notice = await desk.sentWith("To: Gus Guest <gus@guest.example>", "Tokens");
    const to = /support\+t\d+\.[0-9a-f]{20}@example\.test/.exec(header(notice, "Reply-To"))?.[0] ?? "";
    expect(await desk.receive(rawMail({ To: to, Subject: "x" }), { from: "gus@guest.example", to })).toMatchObject({
      state: "reply",
      ticket: { id: opened.ticket?.id },
    });
    const marker = /\[ref:t\d+\.[0-9a-f]{20}\]/.exec(notice)?.[0] ?? "";
    expect(await desk.receive(rawMail({ Subject: "y" }, `new text\n\n> ${marker}\n`))).toMatchObject({ state: "reply", ticket: { id: opened.ticket?.id } });
  });

  it("to two of our mailboxes is one reply of each ticket, whichever record brings it, also when both are read again", async () => {
    const records = desk.store.db.collection<InboundRecord>("inbound");
    const toBoth = async (headers: Record<string, string>) => {
      const raw = rawMail({ To: "support@example.test, sales@example.test", ...headers });
      return [await desk.receive(raw), await desk.receive(raw, { from: "gus@guest.example", to: "sales@example.test" })];
    };
    const opened = await desk.receive(rawMail({ "Message-ID": "<once@guest.example>" }));
    const again = await toBoth({ "In-Reply-To": "<once@guest.example>" });
    const expected = { state: "reply", ticket: { id: opened.ticket?.id, replyId: again[0]?.ticket?.replyId } };
    expect(again).toMatchObject([expected, expected]);
    for (const { _id } of again) {
      await records.updateOne({ _id }, { $set: { state: "stored", checkAt: new Date(0) }, $unset: { ticket: 1 } });
      const decided = () => records.findOne({ _id, state: { $ne: "stored" } });
      expect(await until(`${_id} once more`, async () => (await decided()) ?? undefined)).toMatchObject(expected);
    }
    expect(await desk.ticket(opened.ticket?.id)).toMatchObject({ replies: [{ replyId: expected.ticket.replyId }] });

    const two = await toBoth({ "Message-ID": "<twice@guest.example>" });
    const answered = await toBoth({ "In-Reply-To": "<twice@guest.example>", "Message-ID": "<answer@guest.example>" });
    expect(answered.map(({ state, ticket }) => [state, ticket?.id])).toEqual(two.map(({ ticket }) => ["reply", ticket?.id]));
    expect(new Set(two.map(({ ticket }) => ticket?.id)).size).toBe(2);
  }, 60_000);

  it("of the same conversation is found by a Message-ID that was taken in", async () => {
    const opened = await desk.receive(rawMail({ "Message-ID": "<conversation-1@guest.example>" }));
    const later = await desk.receive(rawMail({ References: "<unknown@x> <conversation-1@guest.example>", "Message-ID": "<conversation-2@guest.example>" }));
    expect(later).toMatchObject({ state: "reply", ticket: { id: opened.ticket?.id } });
    expect(await desk.receive(rawMail({ "In-Reply-To": "<conversation-2@guest.example>" }))).toMatchObject({
      state: "reply",
      ticket: { id: opened.ticket?.id },
    });
  });

  it("that refers to one which is not decided yet waits for it, and is added to its ticket", async () => {
    const records = desk.store.db.collection<InboundRecord>("inbound");
    const [question] = await records.find().limit(1).toArray();
    const undecided = { state: "stored" as const, receivedAt: new Date(0), checkAt: new Date("2100-01-01"), messageId: "<question@guest.example>" };
    await records.insertOne({ ...(question as InboundRecord), ...undecided, _id: "inb_undecided", requestId: "req_undecided" });
    const followUp = desk.receive(rawMail({ "In-Reply-To": "<question@guest.example>", Subject: "And another thing" }));
    await until("a mail that waits", async () => (await records.countDocuments({ waitsSince: { $exists: true } })) > 0);
    const opened = await desk.receive(rawMail({ "Message-ID": "<question@guest.example>" }));
    await records.deleteOne({ _id: "inb_undecided" });
    expect(await followUp).toMatchObject({ state: "reply", ticket: { id: opened.ticket?.id } });
  });

  it("with somebody else's number in its subject opens a new ticket, and says why", async () => {
    const opened = await desk.receive(rawMail({ Subject: "Mine" }));
    const number = `[Ticket ID: ${opened.ticket?.tid}]`;
    const forged = await desk.receive(rawMail({ Subject: `${number} give me`, From: "Eve <eve@evil.example>" }));
    expect(forged.state).toBe("ticket");
    expect(forged.ticket?.id).not.toBe(opened.ticket?.id);
    expect(forged.trace).toContainEqual(expect.objectContaining({ rule: "number in the subject", answer: "not followed" }));
    expect(await desk.receive(rawMail({ Subject: `Re: ${number}` }))).toMatchObject({ state: "reply", ticket: { id: opened.ticket?.id } });
  });

  it("delivered again is one ticket", async () => {
    const raw = rawMail({ Subject: "Twice" });
    const [first, second] = [await desk.receive(raw), await desk.receive(raw)];
    expect(second.ticket).toEqual(first.ticket);
    expect(await desk.store.db.collection("tickets").countDocuments({ subject: "Twice" })).toBe(1);
  });

  it("of an erased person that comes again is no ticket again", async () => {
    const raw = rawMail({ From: "Zoe <zoe.unique@guest.example>", Subject: "Erase me", "Message-ID": "<1@zoe.example>" });
    const first = await desk.receive(raw);
    expect(first.state).toBe("ticket");
    await erasePerson(desk.store, { clientid: 999, emails: ["zoe.unique@guest.example"], userids: [], contactids: [], ticketids: [] });
    expect(await desk.receive(raw)).toMatchObject({ _id: first._id, state: "ignored", reason: { code: "erased" } });
    await desk.receive(rawMail({ Subject: "After it" }));
    expect(await desk.store.db.collection("tickets").countDocuments({ requestId: first.requestId })).toBe(0);
    expect(JSON.stringify(await desk.store.db.collection("inbound").find({}).toArray())).not.toMatch(/zoe/i);
  });

  it("keeps its files, each by its content", async () => {
    const part = (name: string, content: string) =>
      `--b\nContent-Type: text/plain; name="${name}"\nContent-Disposition: attachment; filename="${name}"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(content).toString("base64")}\n`;
    const body = `--b\nContent-Type: text/plain\n\nsee files\n${part("a.txt", "first")}${part("b.log", "second")}--b--\n`;
    const record = await desk.receive(rawMail({ "MIME-Version": "1.0", "Content-Type": 'multipart/mixed; boundary="b"' }, body));
    expect(await desk.ticket(record.ticket?.id)).toMatchObject({
      message: "see files",
      attachments: [
        { name: "a.txt", size: 5 },
        { name: "b.log", size: 6 },
      ],
    });
  });

  it("of a machine is kept and ignored, with its reason", async () => {
    expect(await desk.receive(rawMail({ "Auto-Submitted": "auto-replied" }))).toMatchObject({ state: "ignored", reason: { code: "auto_reply" } });
    expect(await desk.receive(rawMail({ From: "Support <support@example.test>" }))).toMatchObject({ state: "ignored", reason: { code: "loop" } });
    const own = await desk.sentWith("X-OpenTicket-Template: ticket-opened");
    expect(await desk.receive(own, { from: "forwarder@elsewhere.example" })).toMatchObject({ state: "ignored", reason: { code: "loop" } });
  });

  it("to clients only is refused without a word to whom nobody vouches for", async () => {
    const record = await desk.receive(rawMail({ To: "clients@example.test" }), { from: "gus@guest.example", to: "clients@example.test" });
    expect(record).toMatchObject({ state: "refused", reason: { code: "sender_unregistered" } });
    expect(await desk.store.db.collection("mailnotices").countDocuments()).toBe(0);
  });

  it("that is none is in quarantine", async () => {
    const record = await desk.receive("\n\n", { from: "x@y.example" });
    expect(record).toMatchObject({ state: "quarantined", reason: { code: expect.any(String) } });
  });
});

describe("a mail of ours that comes back", () => {
  it("is noted with its ticket, and nothing is sent to the address for a while", async () => {
    const opened = await desk.receive(rawMail({ From: "Dora <dora@dead.example>", Subject: "Dead address" }));
    const notice = await desk.sentWith("To: Dora <dora@dead.example>");
    const messageId = header(notice, "Message-ID");
    const report = [
      "--r\nContent-Type: text/plain\n\nIt could not be delivered.\n",
      "--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.dead.example\n\nFinal-Recipient: rfc822; dora@dead.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n",
      `--r\nContent-Type: text/rfc822-headers\n\nMessage-ID: ${messageId}\nSubject: x\n`,
      "--r--\n",
    ].join("\n");
    const headers = {
      From: "Mail Delivery System <MAILER-DAEMON@mx.dead.example>",
      "MIME-Version": "1.0",
      "Content-Type": 'multipart/report; report-type=delivery-status; boundary="r"',
    };
    expect(await desk.receive(rawMail(headers, report), { from: "" })).toMatchObject({
      state: "ignored",
      reason: { code: "bounce" },
      ticket: { id: opened.ticket?.id },
    });
    const stored = await desk.store.db.collection("tickets").findOne({ id: opened.ticket?.id });
    expect(stored?.bounces).toMatchObject([{ address: "dora@dead.example", status: "5.1.1", isPermanent: true }]);
    expect(await desk.ticket(opened.ticket?.id)).toMatchObject({ bounces: [{ address: "dora@dead.example", at: expect.any(String) }] });

    const again = await desk.receive(rawMail({ From: "Dora <dora@dead.example>", Subject: "Dead once more" }));
    const dead = await until("a delivery that was given up", async () => {
      const ticket = await desk.store.db.collection("tickets").findOne({ id: again.ticket?.id });
      return ticket?.outbox.find(({ deadAt }: { deadAt?: Date }) => deadAt !== undefined);
    });
    expect(dead.lastError).toMatch(/^Nothing is sent to this address until .*5\.1\.1/);
  });
});
