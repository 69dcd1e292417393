import { describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import type { MailTransport } from "../../src/notify/mail-transport.ts";
import { makeMessageIds } from "../../src/notify/message-ids.ts";
import { makeNotifier } from "../../src/notify/notifier.ts";
import { makeOwnMail } from "../../src/notify/own-mail.ts";
import { withMarker, withToken } from "../../src/notify/reply-token.ts";
import { config, depsWith, keepingTransport, owed, SECRET, SENT_AT, ticket, written } from "./build.ts";

const ids = makeMessageIds({ secret: SECRET, domain: "example.com" });
const own = makeOwnMail(ids);
const known = {
  ...ticket(),
  mails: [
    { template: "ticket-opened", address: "ada@example.com" },
    { template: "staff-reply-added", address: "agent@example.com", replyId: 3 },
  ],
};

describe("our own mail", () => {
  it("is known by the Message-ID of each delivery and by the thread, with whom it went to", () => {
    const toAda = ids.ofDelivery(known, "ticket-opened", "ada@example.com");
    const toAgent = ids.ofDelivery(known, "staff-reply-added-3", "agent@example.com");
    for (const id of [toAda, toAgent, ids.ofThread(known)]) expect([own.claimIn(id), own.isOfTicket(id, known)]).toEqual([7, true]);
    expect([toAda, toAgent, ids.ofThread(known)].map((id) => own.recipientOf(id, known))).toEqual(["ada@example.com", "agent@example.com", undefined]);
  });

  it("is not what somebody else could write", () => {
    const others = makeMessageIds({ secret: "another secret of tests", domain: "example.com" });
    const forged = [
      others.ofThread(known),
      others.replyToken(known),
      ids.ofDelivery(known, "ticket-opened", "eve@evil.example"),
      ids.ofThread({ ...known, _id: "req_2" }),
    ];
    for (const text of forged) expect(own.isOfTicket(text, known)).toBe(false);
    for (const text of ["", "<x@y>", "t7", "<ot.7.x@example.com>", `t0.${"a".repeat(20)}`, ids.ofNotice("a"), `${"t9".repeat(10)}`])
      expect(own.claimIn(text)).toBeUndefined();
  });

  it("carries a token that names the ticket, in whatever case it comes back", () => {
    const token = ids.replyToken(known);
    expect([own.claimIn(token), own.isOfTicket(token.toUpperCase(), known)]).toEqual([7, true]);
    expect(token).toBe(token.toLowerCase());
  });
});

describe("the token", () => {
  it("stands in the Reply-To where that is wanted, and fits", async () => {
    const { head } = await written({}, undefined, { config: config({ MAIL_REPLY_TOKEN: "plus" }) });
    expect(head).toMatch(/^Reply-To: Sales <sales\+t7\.[0-9a-f]{20}@example\.com>/m);
    const long = { name: "", address: `${"x".repeat(60)}@example.com` };
    expect(withToken(long, "t7.abc")).toEqual(long);
  });

  it("stands at the end of both forms, whatever the template", async () => {
    const { text, html } = await written();
    const [marker] = /\[ref:t7\.[0-9a-f]{20}\]/.exec(text) ?? [];
    expect(html).toContain(String(marker));
    expect(withMarker({ subject: "s", text: "t", html: "no body" }, "t7.a").html).toContain("[ref:t7.a]");
  });
});

describe("a muted address", () => {
  it("is sent nothing, and the reason says why", async () => {
    const findMute = async () => ({ until: new Date("2026-03-07T00:00:00Z"), because: "5.1.1 no such user" });
    await expect(written({}, undefined, { findMute })).rejects.toThrow("Nothing is sent to this address until 2026-03-07T00:00:00.000Z: 5.1.1 no such user");
  });

  it("is asked for once more by a mail whose turn is late: nothing is sent that could not be marked", async () => {
    let at = SENT_AT.getTime();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sent: string[] = [];
    const send: MailTransport["send"] = async ({ to }) => {
      sent.push(to.address);
      await held;
    };
    let isAway = false;
    const findMute = async () => {
      if (isAway) throw new Error("no primary");
      return undefined;
    };
    const notifier = makeNotifier(depsWith({ transport: { ...keepingTransport(), concurrency: 1, send }, now: () => new Date(at), findMute }));
    const first = notifier.deliver(ticket(), owed());
    await until("the first to be in hand", () => sent.length === 1);
    const second = notifier.deliver(ticket(), owed("ticket-opened", { name: "B", email: "bob@example.com" })).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    [isAway, at] = [true, at + 1000];
    release();
    await first;
    expect(await second).toMatchObject({ message: "no primary" });
    expect(sent).toEqual(["ada@example.com"]);
  });
});
