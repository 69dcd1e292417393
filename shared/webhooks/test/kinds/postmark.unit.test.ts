import { describe, expect, test } from "vitest";
import { postmarkKind } from "../../src/index.ts";
import type { WebhookCall } from "../../src/source-kind.ts";
import { basic, callWith, take } from "../calls.ts";

const SECRET = "postmark:a-long-password";
const byPassword = { settings: postmarkKind.settings.parse({}), secrets: [SECRET] };
const byAddress = { settings: postmarkKind.settings.parse({ allowedAddresses: ["192.0.2.0/29", "2001:db8::/32"] }), secrets: [] };

const MIME = "From: Zoë <ann@example.net>\r\nSubject: Hello\r\n\r\nText\r\n";
const mail = {
  MessageID: "22c74902-a0c1-4511-804f2-341342852c90",
  OriginalRecipient: "support@example.test",
  FromFull: { Email: "ann@example.net", Name: "Zoë", MailboxHash: "" },
  ToFull: [{ Email: "support@example.test", Name: "" }],
  Subject: "Hello",
  Date: "Thu, 26 Nov 2026 11:00:00 +0000",
  TextBody: "Text",
  Headers: [
    { Name: "Return-Path", Value: "<bounce@example.net>" },
    { Name: "Received-SPF", Value: "Pass" },
    { Name: "X-Spam-Status", Value: "No" },
    { Name: "Message-ID", Value: "<1@example.net>" },
  ],
};
const post = (body: unknown, authorization = basic(SECRET)): WebhookCall =>
  callWith({ body: typeof body === "string" ? body : JSON.stringify(body), headers: { authorization, "content-type": "application/json" } });
const read = async (body: unknown) => (await take(postmarkKind, post(body), byPassword)).reading;
const messageOf = async (body: unknown) => {
  const reading = await read(body);
  return reading?.kind === "mails" ? Buffer.from(reading.mails[0]?.raw ?? []).toString() : "";
};

describe("a call of Postmark", () => {
  test("is verified by one of the valid passwords, and refused with another or none", async () => {
    expect((await take(postmarkKind, post(mail), { ...byPassword, secrets: ["postmark:an-older-password", SECRET] })).verdict).toEqual({ kind: "verified" });
    for (const authorization of ["", basic("postmark:wrong-password"), "Basic", basic("")]) {
      expect((await take(postmarkKind, post(mail, authorization), byPassword)).verdict).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
    }
  });

  test("is verified by its address where addresses are set, also when it is IPv4 in IPv6", async () => {
    const from = async (ip: string) => (await take(postmarkKind, { ...post(mail, ""), ip }, byAddress)).verdict.kind;
    for (const ip of ["192.0.2.7", "::ffff:192.0.2.1", "2001:db8::5"]) expect(await from(ip)).toBe("verified");
    for (const ip of ["192.0.2.8", "::ffff:192.0.3.1", "2001:db9::5", "", "192.0.2"]) expect(await from(ip)).toBe("refused");
  });

  test("needs both where both are set, and is refused where nothing is", async () => {
    const both = { settings: byAddress.settings, secrets: [SECRET] };
    expect((await take(postmarkKind, post(mail), both)).verdict.kind).toBe("verified");
    expect((await take(postmarkKind, post(mail, ""), both)).verdict.kind).toBe("refused");
    expect((await take(postmarkKind, { ...post(mail), ip: "198.51.100.1" }, both)).verdict.kind).toBe("refused");
    expect((await take(postmarkKind, post(mail), { ...byPassword, secrets: [] })).verdict.kind).toBe("refused");
  });

  test("without a password is not answered with the status that ends the repetitions", () => {
    expect(postmarkKind.statuses).toMatchObject({ unauthenticated: 401, malformed: 403, "unknown-mailbox": 403, accepted: 200 });
  });
});

describe("a mail of Postmark", () => {
  test("is called by its MessageID and has the envelope's sender from the first Return-Path", async () => {
    expect(await read(mail)).toMatchObject({
      mails: [{ id: mail.MessageID, envelopeFrom: "bounce@example.net", envelopeTo: ["support@example.test"], verdicts: { spam: "No", spf: "Pass" } }],
    });
    const [returnPath, ...others] = mail.Headers;
    expect(await read({ ...mail, Headers: [...others, returnPath] })).toMatchObject({ mails: [{ envelopeFrom: undefined }] });
    expect(await read({ ...mail, Headers: [{ Name: "Return-Path", Value: "<>" }] })).toMatchObject({ mails: [{ envelopeFrom: "" }] });
  });

  test("is the raw message where Postmark includes it", async () => {
    expect(await messageOf({ ...mail, RawEmail: MIME })).toBe(MIME);
  });

  test("in fields gets the headers back that Postmark takes out", async () => {
    const message = await messageOf({ ...mail, ReplyTo: "reply@example.net" });
    const head = message.slice(0, message.indexOf("\r\n\r\n")).split("\r\n");
    expect(head).toEqual([
      "Received-SPF: Pass",
      "X-Spam-Status: No",
      "Message-ID: <1@example.net>",
      "From: =?UTF-8?B?Wm/Dqw==?= <ann@example.net>",
      "To: <support@example.test>",
      "Reply-To: reply@example.net",
      "Subject: Hello",
      "Date: Thu, 26 Nov 2026 11:00:00 +0000",
      "MIME-Version: 1.0",
      'Content-Type: text/plain; charset="utf-8"',
      "Content-Transfer-Encoding: base64",
    ]);
  });

  test("of the button Check has its files under Data, and is called by its content because its MessageID is always zero", async () => {
    const check = {
      ...mail,
      MessageID: "00000000-0000-0000-0000-000000000000",
      Attachments: [{ Name: "test.txt", ContentType: "text/plain", Data: "VGhpcw==", ContentLength: 4 }],
    };
    const first = await read(check);
    const second = await read({ ...check, TextBody: "Another text" });
    const idOf = (reading: typeof first) => (reading?.kind === "mails" ? reading.mails[0]?.id : undefined);
    expect(idOf(first)).toMatch(/^[0-9a-f]{64}$/);
    expect(idOf(second)).not.toBe(idOf(first));
    expect(await messageOf(check)).toContain("VGhpcw==");
  });

  test("without OriginalRecipient goes to whom it names, each once", async () => {
    const { OriginalRecipient: _left, ...others } = mail;
    expect(await read({ ...others, CcFull: [...mail.ToFull, { Email: "sales@example.test" }] })).toMatchObject({
      mails: [{ envelopeTo: ["support@example.test", "sales@example.test"] }],
    });
  });

  test.each([
    ["that is no JSON", "{", "no JSON"],
    ["that is no object", "[]", "the body"],
    ["without MessageID", { ...mail, MessageID: undefined }, "MessageID"],
    ["whose Headers are an object", { ...mail, Headers: { Subject: "x" } }, "Headers"],
    ["for nobody", { ...mail, OriginalRecipient: "", ToFull: [] }, "recipient"],
    ["whose file is no base64", { ...mail, Attachments: [{ Name: "a", Content: "*" }] }, "base64"],
  ])("%s cannot be read", async (_what, body, because) => {
    expect(await read(body)).toMatchObject({ kind: "malformed", because: expect.stringContaining(because) });
  });
});

test("its settings take addresses and ranges alone", () => {
  const isTaken = (allowed: string) => postmarkKind.settings.safeParse({ allowedAddresses: [allowed] }).success;
  for (const allowed of ["192.0.2.1", "192.0.2.0/24", "::1", "2001:db8::/32"]) expect(isTaken(allowed)).toBe(true);
  for (const allowed of ["192.0.2", "192.0.2.0/33", "2001:db8::/129", "example.com", "192.0.2.0/24/8", "fe80::1%eth0", ""])
    expect(isTaken(allowed)).toBe(false);
});
