import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { mandrillKind } from "../../src/index.ts";
import type { WebhookCall } from "../../src/source-kind.ts";
import { callWith, take, URL_CALLED, urlencoded } from "../calls.ts";

const KEY = "key-of-mandrill-0123456789";
const source = { settings: mandrillKind.settings.parse({}), secrets: [KEY] };
const MIME = "From: Ann <ann@example.net>\r\nSubject: Hello\r\n\r\nText\r\n";
const inbound = (msg: object) => ({ event: "inbound", ts: 1_795_694_400, msg: { email: "support@example.test", sender: "ann@example.net", ...msg } });

/** Signs as Mandrill documents it: the URL, then every name and value, sorted by name. */
function signed(fields: Record<string, string>, { key = KEY, url = URL_CALLED } = {}): WebhookCall {
  const text = Object.keys(fields)
    .sort()
    .map((name) => `${name}${fields[name]}`)
    .join("");
  const { body, headers } = urlencoded(fields);
  return callWith({ body, headers: { ...headers, "x-mandrill-signature": createHmac("sha1", key).update(`${url}${text}`).digest("base64") } });
}
const withEvents = (events: unknown, options?: { key?: string; url?: string }) => signed({ mandrill_events: JSON.stringify(events) }, options);
const read = async (events: unknown) => (await take(mandrillKind, withEvents(events), source)).reading;

describe("a call of Mandrill", () => {
  const verdictOf = async (call: WebhookCall, given = source) => (await take(mandrillKind, call, given)).verdict;

  test("is verified over its URL and parameters, with either of two keys", async () => {
    expect(await verdictOf(withEvents([inbound({ raw_msg: "Grüße" })]))).toEqual({ kind: "verified" });
    expect(await verdictOf(signed({ mandrill_events: "[]", b: "2", a: "1" }), { ...source, secrets: ["another-key-0123456789", KEY] })).toEqual({
      kind: "verified",
    });
  });

  test("is verified by the URL that is registered, where that is another than the one that is called", async () => {
    const publicUrl = "https://public.example.com/webhooks/mail?a=1";
    const given = { ...source, settings: { publicUrl } };
    expect(await verdictOf(withEvents([], { url: publicUrl }), given)).toEqual({ kind: "verified" });
    expect(await verdictOf(withEvents([inbound({})]), given)).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
  });

  test("is refused when it is forged, altered, or not signed", async () => {
    const call = withEvents([inbound({ raw_msg: MIME })]);
    const altered = { ...call, body: Buffer.from(call.body.toString().replace("Hello", "Hallo")) };
    const unsigned = { ...call, headers: { "content-type": call.headers["content-type"] } };
    const further = { ...call, body: Buffer.from(`${call.body}&a=1`) };
    const refused = [
      withEvents([inbound({})], { key: "not-the-key-0123456789" }),
      withEvents([inbound({})], { url: `${URL_CALLED}/` }),
      altered,
      unsigned,
      further,
    ];
    for (const one of refused) expect(await verdictOf(one)).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
    expect(await verdictOf({ ...call, headers: { ...call.headers, "content-type": "application/json" } })).toMatchObject({ kind: "refused" });
  });

  test("that tries the URL before there is a key is taken, by HEAD and by an empty list, and holds nothing", async () => {
    expect((await take(mandrillKind, callWith({ method: "HEAD" }), source)).reading).toMatchObject({ kind: "ignored" });
    expect((await take(mandrillKind, withEvents([], { key: "test-webhook" }), source)).reading).toMatchObject({ kind: "ignored" });
  });

  test("signed with the key of the trial is refused when it holds anything", async () => {
    const withMail = withEvents([inbound({ raw_msg: MIME })], { key: "test-webhook" });
    const withMore = signed({ mandrill_events: "[]", more: "1" }, { key: "test-webhook" });
    for (const call of [withMail, withMore]) expect(await verdictOf(call)).toMatchObject({ kind: "refused" });
    expect((await take(mandrillKind, { ...withMail, method: "HEAD" }, source)).reading).toMatchObject({ kind: "ignored" });
  });
});

describe("mails of Mandrill", () => {
  test("come several at once; other events are none", async () => {
    const reading = await read([inbound({ raw_msg: MIME }), { event: "open", msg: {} }, inbound({ raw_msg: MIME, email: "sales@example.test", sender: null })]);
    expect(reading).toMatchObject({
      kind: "mails",
      mails: [
        { raw: Buffer.from(MIME), envelopeFrom: "ann@example.net", envelopeTo: ["support@example.test"] },
        { raw: Buffer.from(MIME), envelopeFrom: undefined, envelopeTo: ["sales@example.test"] },
      ],
    });
    expect(reading?.kind === "mails" && new Set(reading.mails.map(({ id }) => id)).size).toBe(2);
    expect(await read([{ event: "open", msg: {} }])).toMatchObject({ kind: "ignored" });
  });

  test("have the same ids when they are said again", async () => {
    const events = [inbound({ raw_msg: MIME })];
    expect(await read(events)).toEqual(await read([{ ...events[0], ts: 1 }]));
  });

  test("in fields are composed, with headers of several values and PHP's empty objects", async () => {
    const reading = await read([
      inbound({
        headers: { Received: ["from a", "from b"], Subject: "Hello", "Content-Type": "multipart/mixed" },
        from_email: "ann@example.net",
        from_name: 'Ann "A" Other',
        to: [["support@example.test", null]],
        text: "Text",
        attachments: [],
        images: { "logo@1": { name: "logo@1", type: "image/png", content: "AAEC" } },
        html: '<img src="cid:logo@1">',
        spf: { result: "pass", detail: "" },
        spam_report: { score: -1.5, matched_rules: [] },
      }),
    ]);
    const message = reading?.kind === "mails" ? Buffer.from(reading.mails[0]?.raw ?? []).toString() : "";
    expect(message.split("\r\n").slice(0, 6)).toEqual([
      "Received: from a",
      "Received: from b",
      "Subject: Hello",
      'From: "Ann \\"A\\" Other" <ann@example.net>',
      "To: <support@example.test>",
      "MIME-Version: 1.0",
    ]);
    expect(message).toContain("Content-ID: <logo@1>");
    expect(reading).toMatchObject({ mails: [{ verdicts: { spf: "pass", spam: "-1.5" } }] });
  });

  test("are taken although another of the same call cannot be read, which is said", async () => {
    const bad = inbound({ email: 5 });
    expect(await read([inbound({ raw_msg: MIME }), bad])).toMatchObject({
      kind: "mails",
      mails: [{}],
      unread: [expect.stringContaining("event 2: msg.email")],
    });
    expect(await read([bad])).toMatchObject({ kind: "malformed", because: expect.stringContaining("msg.email") });
    expect(await read([inbound({ attachments: { a: { name: "a", content: "*", base64: true } } })])).toMatchObject({
      kind: "malformed",
      because: expect.stringContaining("base64"),
    });
  });

  test.each([
    ["is missing", { other: "1" }],
    ["is no JSON", { mandrill_events: "[" }],
    ["is no list", { mandrill_events: '{"event":"inbound"}' }],
  ])("cannot be read when mandrill_events %s", async (_what, fields) => {
    expect((await take(mandrillKind, signed(fields), source)).reading).toMatchObject({
      kind: "malformed",
      because: expect.stringContaining("mandrill_events"),
    });
  });
});
