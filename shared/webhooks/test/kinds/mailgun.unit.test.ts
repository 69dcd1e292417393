import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { mailgunKind } from "../../src/index.ts";
import { callWith, type Field, multipart, NOW, NOW_S, take, urlencoded } from "../calls.ts";

const KEY = "key-of-mailgun-0123456789";
const MIME = "From: Ann <ann@example.net>\r\nSubject: Hello\r\nMessage-ID: <1@example.net>\r\n\r\nText\r\n";
const settings = mailgunKind.settings.parse({});
const sign = (timestamp: string, token: string, key = KEY) => createHmac("sha256", key).update(timestamp).update(token).digest("hex");

const signed = (fields: Record<string, string | Buffer>, { timestamp = NOW_S, token = "a-token", key = KEY } = {}): Field[] =>
  Object.entries({ timestamp, token, signature: sign(timestamp, token, key), ...fields }).map(([name, value]) => ({ name, value }));
const raw = { recipient: "support@example.test", sender: "bounce@example.net", "body-mime": MIME };
const parsed = {
  recipient: "support@example.test",
  sender: "ann@example.net",
  "message-headers": JSON.stringify([
    ["Received", "from a by b"],
    ["From", "Zoë <ann@example.net>"],
    ["Subject", "Grüße"],
    ["Content-Type", "text/plain; charset=iso-8859-1"],
  ]),
  "body-plain": "Text ä",
};
const stored = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, at) => ({ url: `https://storage.example/attachments/${at}`, name: "a.pdf", size: 3 })));
const call = (fields: Field[], write = urlencoded) => callWith(write(fields));
const outcome = async (fields: Field[], secrets = [KEY], given = settings) => (await take(mailgunKind, call(fields), { settings: given, secrets })).verdict;

describe("a call of Mailgun", () => {
  test("is verified by a value that is known from another implementation", async () => {
    const fields = signed({}, { timestamp: "1539112500", token: "7VwW7k6Ak7zcTwoSoNm7aTtbk1g67MKAnsYLfUB7PdszbgR5Xi" }).map((field) =>
      field.name === "signature" ? { ...field, value: "ef24c5225322217bb065b80bb54eb4f9206d764e3e16abab07f0a64d1cf477cc" } : field,
    );
    const at = callWith({ ...urlencoded(fields), receivedAt: new Date("2018-10-09T15:15:01-04:00") });
    const { verdict } = await take(mailgunKind, at, { settings, secrets: ["tbsy84uSV1Kt3ZJZELY2TmShPRs91E3yL4tzf96297vBCkDWgL"] });
    expect(verdict).toMatchObject({ kind: "verified" });
  });

  test("hands its token out, to be remembered for as long as the signature is tolerated", async () => {
    expect(await outcome(signed(raw))).toEqual({ kind: "verified", token: { value: "a-token", until: new Date(NOW.getTime() + 9 * 3_600_000) } });
  });

  test("may be signed with either of two keys", async () => {
    expect(await outcome(signed(raw), ["another-key-0123456789", KEY])).toMatchObject({ kind: "verified" });
  });

  test.each([
    ["forged with another key", signed(raw, { key: "not-the-key-0123456789" })],
    ["whose token was altered", signed({ ...raw, token: "b-token" })],
    ["whose time was altered", signed({ ...raw, timestamp: String(Number(NOW_S) + 1) })],
    ["whose time is no number", signed(raw, { timestamp: `${NOW_S}abc` })],
    ["whose token is empty", signed(raw, { token: "" })],
    ["whose signature is in capitals", signed({ ...raw, signature: sign(NOW_S, "a-token").toUpperCase() })],
    ["without a signature", Object.entries(raw).map(([name, value]) => ({ name, value }))],
  ])("%s is refused", async (_what, fields) => {
    expect(await outcome(fields)).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
  });

  test("is stale when it is older or younger than is tolerated, by default as long as Mailgun repeats", async () => {
    const old = String(Number(NOW_S) - 600);
    expect(await outcome(signed(raw, { timestamp: old }))).toMatchObject({ kind: "verified" });
    expect(await outcome(signed(raw, { timestamp: old }), [KEY], { toleranceSeconds: 300 })).toMatchObject({ kind: "refused", outcome: "stale" });
    for (const distance of [-32_401, 32_401]) {
      expect(await outcome(signed(raw, { timestamp: String(Number(NOW_S) + distance) }))).toMatchObject({ kind: "refused", outcome: "stale" });
    }
  });

  test("that is no form is refused", async () => {
    const { verdict } = await take(mailgunKind, callWith({ headers: { "content-type": "application/json" }, body: "{}" }), { settings, secrets: [KEY] });
    expect(verdict).toMatchObject({ outcome: "unauthenticated" });
  });
});

describe("a mail of Mailgun", () => {
  const read = async (fields: Field[], write = urlencoded) => (await take(mailgunKind, call(fields, write), { settings, secrets: [KEY] })).reading;

  test.each([
    ["urlencoded", urlencoded],
    ["multipart", multipart],
  ])("whole and %s is the message byte for byte", async (_name, write) => {
    const bytes = Buffer.concat([Buffer.from(MIME), Buffer.from([0xe4, 0xff, 0x0d, 0x0a])]);
    const reading = await read(signed({ ...raw, "body-mime": bytes }), write);
    expect(reading).toMatchObject({ kind: "mails", mails: [{ raw: bytes, envelopeFrom: "bounce@example.net", envelopeTo: ["support@example.test"] }] });
  });

  test("has the same id when it is repeated under another token, and another for another recipient", async () => {
    const idOf = async (fields: Field[]) => {
      const reading = await read(fields);
      return reading?.kind === "mails" ? reading.mails[0]?.id : undefined;
    };
    const id = await idOf(signed(raw));
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await idOf(signed(raw, { token: "another" }))).toBe(id);
    expect(await idOf(signed({ ...raw, recipient: "sales@example.test" }))).not.toBe(id);
  });

  test("in fields keeps its headers in order and is the same for the same fields", async () => {
    const reading = await read(signed(parsed));
    const message = reading?.kind === "mails" ? Buffer.from(reading.mails[0]?.raw ?? []).toString() : "";
    expect(message.split("\r\n").slice(0, 4)).toEqual(["Received: from a by b", "From: Zoë <ann@example.net>", "Subject: Grüße", "MIME-Version: 1.0"]);
    expect(message).not.toContain("iso-8859-1");
    expect(await read(signed(parsed, { token: "another" }))).toEqual(reading);
  });

  test("has what Mailgun found out about it, and the null sender as it is", async () => {
    const reading = await read(signed({ ...parsed, sender: "", "X-Mailgun-Sflag": "Yes", "X-Mailgun-Spf": "Pass" }));
    expect(reading).toMatchObject({ mails: [{ envelopeFrom: "", verdicts: { spam: "Yes", spf: "Pass" } }] });
  });

  test.each([
    ["without a recipient", { ...raw, recipient: " , " }, "recipient"],
    ["whose headers are no list", { ...parsed, "message-headers": '{"a":1}' }, "message-headers"],
    ["whose headers are no JSON", { ...parsed, "message-headers": "[[" }, "message-headers"],
    ["of which a file is missing", { ...parsed, "attachment-count": "1" }, "attachment-count"],
    [
      "that is only a notification of files which store() keeps",
      { ...parsed, attachments: stored(1), "attachment-count": "1" },
      "let the route forward() the message itself",
    ],
    ["of which one of two files is only named", { ...parsed, attachments: stored(2), "attachment-1": "%PDF" }, "URLs of 2 files"],
  ])("%s cannot be read", async (_what, fields, because) => {
    expect(await read(signed(fields))).toMatchObject({ kind: "malformed", because: expect.stringContaining(because) });
  });

  test.each([
    ["stored without files", { ...parsed, attachments: "[]" }],
    ["whole, beside a list of its files", { ...raw, attachments: stored(1) }],
    ["with its files, beside a list of them", { ...parsed, attachments: stored(1), "attachment-1": "%PDF" }],
    ["with a header of that name", { ...parsed, attachments: "none" }],
  ])("%s is read", async (_what, fields) => {
    expect(await read(signed(fields))).toMatchObject({ kind: "mails" });
  });

  test("that cannot be read is answered with the only status that Mailgun does not repeat", () => {
    expect(mailgunKind.statuses).toMatchObject({ accepted: 200, malformed: 406, "unknown-mailbox": 406, unauthenticated: 401, unavailable: 503 });
  });
});

test("its secret is the signing key", () => {
  expect(mailgunKind.secrets.isNeeded(settings)).toBe(true);
  expect(mailgunKind.secrets.faultOf(KEY, settings)).toBeUndefined();
  expect(mailgunKind.secrets.faultOf("short", settings)).toContain("signing key");
  expect(mailgunKind.settings.safeParse({ tolerance: 5 }).success).toBe(false);
});
