import type { AddressObject } from "mailparser";
import { describe, expect, it } from "vitest";
import { displayName } from "../../src/notify/address.ts";
import type { MailTemplate } from "../../src/notify/letter.ts";
import { viewOf } from "../../src/notify/mail-view.ts";
import { makeMessageIds } from "../../src/notify/message-ids.ts";
import { config, fieldNames, letter, owed, SECRET, SENT_AT, written } from "./build.ts";

const STAFF = { name: "Grace Hopper", email: "grace@example.com" };
const address = (field: AddressObject | AddressObject[] | undefined) => [field ?? []].flat().flatMap(({ value }) => value);

describe("a mail to the opener", () => {
  it("comes from the department, goes to the opener and is answered to the department", async () => {
    const { parsed, mail } = await written();
    expect(address(parsed.from)).toEqual([{ name: "Sales", address: "sales@example.com" }]);
    expect(address(parsed.to)).toEqual([{ name: "Ada Lovelace", address: "ada@example.com" }]);
    expect(address(parsed.replyTo)).toEqual([{ name: "Sales", address: "sales@example.com" }]);
    expect(mail.envelope).toEqual({ from: "sales@example.com", to: "ada@example.com" });
    expect(parsed.date).toEqual(SENT_AT);
  });

  it("has the ticket's number and subject as its subject", async () => {
    const { parsed } = await written({ tid: "ABC-12", subject: "Grüße ✓" });
    expect(parsed.subject).toBe("[Ticket ID: ABC-12] Grüße ✓");
  });

  it("says the same as text and as HTML, with the message as it was given", async () => {
    const { text, html, source } = await written();
    expect(source).toContain("Content-Type: multipart/alternative");
    for (const body of [text, html]) for (const fact of ["516757", "Printer on fire", "Sales", "High", "2026-03-04 05:00 (UTC)"]) expect(body).toContain(fact);
    expect(text).toContain("It burns.\nPlease help.");
    expect(html).toContain("It burns.<br>\nPlease help.");
  });

  it("links to the ticket in the client area, encoded", async () => {
    const { text, html } = await written({ tid: "A&c=1/%", c: "x y#é" });
    const link = "https://www.example.com/clients/viewticket.php?tid=A%26c%3D1%2F%25&c=x%20y%23%C3%A9";
    expect(text).toContain(`${link}\n`);
    expect(html).toContain(`href="${link.replaceAll("&", "&amp;")}"`);
  });

  it("says that staff has opened the ticket when it has", async () => {
    const { text, parsed } = await written({}, owed("ticket-opened-by-admin"));
    expect(text).toContain("our staff has opened a ticket for you");
    expect(text).toContain("&c=KPqH7yG3");
    expect(parsed.headers.get("auto-submitted")).toBe("auto-generated");
  });

  it("comes from MAIL_FROM when the department has no address, or is there no more", async () => {
    const nameless = await written({}, owed(), { describeDepartment: async () => ({ name: "Sales" }), config: config({ MAIL_FROM: "help@example.net" }) });
    expect(address(nameless.parsed.from)).toEqual([{ name: "Sales", address: "help@example.net" }]);
    expect(nameless.parsed.replyTo).toBeUndefined();
    const gone = await written({}, owed(), { describeDepartment: async () => undefined, config: config({ MAIL_FROM: '"Help, Inc." <help@example.net>' }) });
    expect(address(gone.parsed.from)).toEqual([{ name: "Help, Inc.", address: "help@example.net" }]);
  });

  it("lists attachments by name and size, and does not attach them", async () => {
    const sha256 = "0".repeat(64);
    const { text, html, parsed } = await written({
      attachments: [
        { name: "plan.pdf", contentType: "application/pdf", size: 12_800, sha256 },
        { name: "a.txt", contentType: "text/plain", size: 3, sha256 },
      ],
    });
    expect(text).toContain("  - plan.pdf (12.5 KiB)\n  - a.txt (3 bytes)");
    expect(html).toContain("plan.pdf");
    expect(parsed.attachments).toEqual([]);
  });

  it("is readable in its source when it is ASCII with short lines, and encoded otherwise", async () => {
    const { source } = await written();
    expect(source).toContain("https://www.example.com/clients/viewticket.php?tid=516757&c=KPqH7yG3\r\n");
    for (const message of ["Grüße", "x".repeat(2000), "a b ✓"]) {
      const encoded = await written({ message });
      expect(encoded.source).toMatch(/^[\x20-\x7e\t\r\n]*$/);
      expect(Math.max(...encoded.source.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
      expect(encoded.text).toContain(message);
    }
  });

  it("has no field twice, and lines that end as mail wants them, whatever the message has", async () => {
    const source = { channel: "email", messageId: "<orig.1@customer.example>" };
    for (const message of ["a\nb\r\nc\rd", "Привет\nмир\r\nвсем ".repeat(30), "ü\n\n"]) {
      const mail = await written({ message, source });
      const names = fieldNames(mail.head);
      expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
      expect(mail.source.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
      expect(mail.source).toMatch(/--\r\n$/);
    }
  });

  it("has a boundary that every mail program reads, however large the ticket's number is", async () => {
    const { head } = await written({ id: 123_456_789_012 }, owed("ticket-opened-by-admin"));
    expect(/boundary="([^"]+)"/.exec(head)?.[1]?.length).toBeLessThanOrEqual(70);
  });

  it.each(["Ada, Lovelace", 'Ada "the first" Lovelace', "Ada <x@example.com>", "Ada =?utf-8?q?x?=", "Ädä Lövelace", "Ada; Lovelace: (x)", "a".repeat(150)])(
    "names its recipient and subject as a mail program reads them: %s",
    async (name) => {
      const { parsed } = await written({ subject: name }, owed("ticket-opened", { name, email: "ada@example.com" }));
      expect(address(parsed.to)).toEqual([{ name: displayName(name), address: "ada@example.com" }]);
      expect(parsed.subject).toBe(`[Ticket ID: 516757] ${displayName(name)}`);
    },
  );

  it("travels in the shorter encoding", async () => {
    const encodingsOf = async (message: string) => (await written({ message })).source.match(/(?<=transfer-encoding: ).*/gi);
    expect(await encodingsOf("x".repeat(998))).toEqual(["7bit", "quoted-printable"]);
    expect(await encodingsOf("x".repeat(999))).toEqual(["quoted-printable", "quoted-printable"]);
    expect(await encodingsOf("mostly ASCII, and one ü, in a line ".repeat(20))).toEqual(["quoted-printable", "quoted-printable"]);
    expect(await encodingsOf("Привет мир ".repeat(2000))).toEqual(["base64", "base64"]);
  });

  it("cuts a very large message and says so", async () => {
    const { text, html, mail } = await written({ message: `${"words ".repeat(300_000)}END` });
    expect(mail.raw.length).toBeLessThan(400_000);
    for (const body of [text, html]) {
      expect(body).not.toContain("END");
      expect(body.replace(/\s+/g, " ")).toContain("the first 50000 of 1800003 characters are shown");
    }
  });
});

describe("a mail to staff", () => {
  it("names the opener and holds no access code and no link", async () => {
    const { source, text, html } = await written({ c: "QQsecretQQ" }, owed("staff-ticket-opened", STAFF));
    expect(text).toContain("Ada Lovelace (client), ada@example.com");
    for (const form of [source, text, html]) {
      expect(form).not.toContain("QQsecretQQ");
      expect(form).not.toContain("viewticket");
    }
  });
});

describe("what templates see", () => {
  it("holds the access link for the opener and nothing of it for staff", () => {
    const view = (template: MailTemplate) => viewOf({ ...letter({ c: "QQsecretQQ" }, template), departmentName: "Sales", config: config() });
    expect(view("ticket-opened").link).toContain("QQsecretQQ");
    expect(view("ticket-opened-by-admin").link).toContain("QQsecretQQ");
    expect(view("staff-ticket-opened")).not.toHaveProperty("link");
    expect(JSON.stringify(view("staff-ticket-opened"))).not.toContain("QQsecretQQ");
  });
});

describe("headers", () => {
  it("keep machines from answering", async () => {
    const { parsed, head } = await written();
    expect(parsed.headers.get("auto-submitted")).toBe("auto-generated");
    expect(parsed.headers.get("x-auto-response-suppress")).toBe("All");
    expect(fieldNames(head)).not.toContain("precedence");
    expect(fieldNames(head)).not.toContain("list-id");
  });

  it("answer the mail that opened the ticket, and only to the opener", async () => {
    const source = { channel: "email", messageId: "<orig.1@customer.example>" };
    const answer = await written({ source });
    expect(answer.parsed.inReplyTo).toBe("<orig.1@customer.example>");
    expect(answer.parsed.references?.at(0)).toBe("<orig.1@customer.example>");
    expect(answer.parsed.headers.get("auto-submitted")).toBe("auto-replied");
    const staff = await written({ source }, owed("staff-ticket-opened", STAFF));
    expect(staff.parsed.inReplyTo).toBeUndefined();
  });

  it.each([
    ["a header", "<a@b>\r\nBcc: <x@y.z>"],
    ["no brackets", "a@b"],
    ["blanks", "<a b@c>"],
    ["a number", 5],
    ["too much", `<${"a".repeat(300)}@b>`],
  ])("take no Message-ID that is %s", async (_, messageId) => {
    const { parsed, head } = await written({ source: { channel: "email", messageId } });
    expect(parsed.inReplyTo).toBeUndefined();
    expect(fieldNames(head)).not.toContain("bcc");
  });

  it("thread all mails of a ticket together, and no others", async () => {
    const opener = await written();
    const staff = await written({}, owed("staff-ticket-opened", STAFF));
    const other = await written({ _id: "req_2", id: 8 });
    const thread = (of: typeof opener) => [of.parsed.references].flat().at(-1);
    expect(thread(opener)).toMatch(/^<ot\.7\.thread\.[0-9a-f]{32}@example\.com>$/);
    expect(thread(staff)).toBe(thread(opener));
    expect(thread(other)).not.toBe(thread(opener));
  });

  it("bounce to the configured address, else to the sender; to nobody when that is configured", async () => {
    const from = async (env: Record<string, string>, department = { name: "Sales", email: "sales@example.com" }) =>
      (await written({}, owed(), { config: config(env), describeDepartment: async () => department })).mail.envelope.from;
    expect(await from({ MAIL_BOUNCE_ADDRESS: "bounces@example.com" })).toBe("bounces@example.com");
    expect(await from({})).toBe("sales@example.com");
    expect(await from({ MAIL_FROM: "help@example.net" }, { name: "Sales", email: "" })).toBe("help@example.net");
    expect(await from({ MAIL_BOUNCE_ADDRESS: "<>" })).toBe("");
  });

  it("carry a loop token that is ours for this mail alone", async () => {
    const { parsed } = await written();
    const ids = makeMessageIds({ secret: SECRET, domain: "example.com" });
    const token = String(parsed.headers.get("x-openticket-loop"));
    expect(ids.isOwnLoopToken(token, parsed.messageId ?? "")).toBe(true);
    expect(ids.isOwnLoopToken(token, "<other@example.com>")).toBe(false);
    expect(ids.isOwnLoopToken("", parsed.messageId ?? "")).toBe(false);
    expect(makeMessageIds({ secret: `${SECRET}!`, domain: "example.com" }).isOwnLoopToken(token, parsed.messageId ?? "")).toBe(false);
  });
});

describe("the Message-ID", () => {
  it("is the same for the same delivery, in every process and version", async () => {
    const { parsed } = await written();
    expect(parsed.messageId).toBe("<ot.7.ticket-opened.32d5507fe9208b3eb9df8c2a51e3915f@example.com>");
  });

  it("differs by ticket, template, recipient, secret and domain, not by time, content or letter case", async () => {
    const id = async (...args: Parameters<typeof written>) => (await written(...args)).mail.messageId;
    const base = await id();
    const others = [
      await id({ _id: "req_2" }),
      await id({ id: 8 }),
      await id({}, owed("ticket-opened-by-admin")),
      await id({}, owed("ticket-opened", { name: "Ada", email: "bob@example.com" })),
      await id({}, owed(), { tokenSecret: "another secret, as long" }),
      await id({}, owed(), { config: config({ MAIL_DOMAIN: "example.net" }) }),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
    expect(await id({ subject: "x", message: "y" }, owed("ticket-opened", { name: "A", email: "ADA@example.com" }), { now: () => new Date(0) })).toBe(base);
  });

  it("gives the same bytes for the same delivery at the same time", async () => {
    expect((await written()).mail.raw).toEqual((await written()).mail.raw);
  });

  it("gives a file name without a path in it", async () => {
    expect((await written()).mail.fileName).toMatch(/^ot\.7\.ticket-opened\.[0-9a-f]{32}$/);
  });
});
