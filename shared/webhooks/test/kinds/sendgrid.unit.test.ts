import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sendgridKind } from "../../src/index.ts";
import type { WebhookCall } from "../../src/source-kind.ts";
import { basic, callWith, type Field, multipart, NOW_S, take } from "../calls.ts";

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = (key: KeyObject) => key.export({ format: "der", type: "spki" }).toString("base64");
const { privateKey, publicKey } = keyPair();
const SECRET = "sendgrid:a-long-password";
const byPassword = { settings: sendgridKind.settings.parse({}), secrets: [SECRET] };
const bySignature = { settings: sendgridKind.settings.parse({ publicKeys: [spki(keyPair().publicKey), spki(publicKey)] }), secrets: [] };

const MIME = "From: Ann <ann@example.net>\r\nSubject: Hello\r\n\r\nText\r\n";
const envelope = JSON.stringify({ to: ["support@example.test"], from: "ann@example.net" });
const raw = { envelope, email: MIME };
const LATIN_1 = Buffer.from("Grüße", "latin1");
const parsed = {
  envelope,
  headers: "From: Ann <ann@example.net>\nSubject: Hello\n there\nContent-Type: text/html\n",
  text: LATIN_1,
  charsets: JSON.stringify({ text: "iso-8859-1" }),
};

function signed(fields: Record<string, string | Buffer>, { key = privateKey, timestamp = NOW_S } = {}): WebhookCall {
  const { body, headers } = multipart(fields);
  const signature = sign("sha256", Buffer.concat([Buffer.from(timestamp), body]), key).toString("base64");
  return callWith({
    body,
    headers: { ...headers, "x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": timestamp },
  });
}

function withPassword(fields: Record<string, string | Buffer> | Field[], authorization: string | undefined = basic(SECRET)): WebhookCall {
  const { body, headers } = multipart(fields);
  return callWith({ body, headers: { ...headers, authorization } });
}

describe("a signed call of SendGrid", () => {
  const verdictOf = async (call: WebhookCall) => (await take(sendgridKind, call, bySignature)).verdict;

  test("is verified over its exact bytes, also where they are no UTF-8", async () => {
    expect(await verdictOf(signed(raw))).toEqual({ kind: "verified" });
    expect(await verdictOf(signed({ ...raw, attachment1: Buffer.from([0xff, 0xfe, 0x00, 0xe4]) }))).toEqual({ kind: "verified" });
  });

  test("is refused when a byte of it, its time or its signature is another", async () => {
    const call = signed({ ...raw, attachment1: Buffer.from([0xff]) });
    const otherByte = Buffer.from(call.body);
    otherByte[otherByte.indexOf(0xff)] = 0xfe;
    const signatureName = "x-twilio-email-event-webhook-signature";
    const withHeader = (name: string, value: string | undefined) => ({ ...call, headers: { ...call.headers, [name]: value } });
    const refused = [
      { ...call, body: otherByte },
      withHeader("x-twilio-email-event-webhook-timestamp", String(Number(NOW_S) + 1)),
      withHeader("x-twilio-email-event-webhook-timestamp", undefined),
      withHeader(signatureName, undefined),
      withHeader(signatureName, "AAAA"),
      withHeader(signatureName, "no base64!"),
      withHeader(signatureName, `${call.headers[signatureName]}AAAA`),
      signed(raw, { key: keyPair().privateKey }),
      signed(raw, { timestamp: "123abc" }),
    ];
    for (const one of refused) expect(await verdictOf(one)).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
  });

  test("is stale beyond the tolerance, before and after", async () => {
    for (const distance of [-3601, 3601]) {
      expect(await verdictOf(signed(raw, { timestamp: String(Number(NOW_S) + distance) }))).toMatchObject({ kind: "refused", outcome: "stale" });
    }
    expect(await verdictOf(signed(raw, { timestamp: String(Number(NOW_S) - 3600) }))).toEqual({ kind: "verified" });
  });

  test("needs the password as well where both are set", async () => {
    const both = { settings: bySignature.settings, secrets: [SECRET] };
    expect((await take(sendgridKind, signed(raw), both)).verdict).toMatchObject({ kind: "refused" });
    expect((await take(sendgridKind, withPassword(raw), both)).verdict).toMatchObject({ kind: "refused" });
    const call = signed(raw);
    expect((await take(sendgridKind, { ...call, headers: { ...call.headers, authorization: basic(SECRET) } }, both)).verdict).toEqual({ kind: "verified" });
  });
});

describe("a call of SendGrid with a password", () => {
  test("is verified by any of the valid ones", async () => {
    expect((await take(sendgridKind, withPassword(raw), { ...byPassword, secrets: ["sendgrid:an-older-password", SECRET] })).verdict).toEqual({
      kind: "verified",
    });
  });

  test.each([[undefined], [basic("sendgrid:wrong-password")], [basic("sendgrid")], [`Bearer ${SECRET}`], ["Basic ???"], [""]])(
    "%s is refused",
    async (authorization) => {
      const call = withPassword(raw);
      const { verdict } = await take(sendgridKind, { ...call, headers: { ...call.headers, authorization } }, byPassword);
      expect(verdict).toMatchObject({ kind: "refused", outcome: "unauthenticated" });
    },
  );

  test("is refused where nothing is set that could prove it", async () => {
    expect((await take(sendgridKind, withPassword(raw), { ...byPassword, secrets: [] })).verdict).toMatchObject({ kind: "refused" });
    expect(sendgridKind.secrets.isNeeded(byPassword.settings)).toBe(true);
    expect(sendgridKind.secrets.isNeeded(bySignature.settings)).toBe(false);
  });
});

describe("a mail of SendGrid", () => {
  const read = async (fields: Record<string, string | Buffer> | Field[]) => (await take(sendgridKind, withPassword(fields), byPassword)).reading;

  test("whole is the message byte for byte, with its envelope and what was found out about it", async () => {
    const bytes = Buffer.concat([Buffer.from(MIME), Buffer.from([0xe4, 0x00, 0xff])]);
    expect(await read({ envelope, email: bytes, SPF: "pass", dkim: "{@example.net : pass}", spam_score: "0.1" })).toMatchObject({
      kind: "mails",
      mails: [
        {
          raw: bytes,
          envelopeFrom: "ann@example.net",
          envelopeTo: ["support@example.test"],
          verdicts: { spf: "pass", dkim: "{@example.net : pass}", spam: "0.1" },
        },
      ],
    });
  });

  test("in fields keeps each text in the charset that is named for it", async () => {
    const reading = await read(parsed);
    const message = reading?.kind === "mails" ? Buffer.from(reading.mails[0]?.raw ?? []).toString() : "";
    expect(message).toContain("Subject: Hello there\r\n");
    expect(message).toContain('Content-Type: text/plain; charset="iso-8859-1"');
    expect(message).toContain(LATIN_1.toString("base64"));
  });

  test("cannot add a header or a parameter by its fields", async () => {
    const charsets = JSON.stringify({ text: 'utf-8"; x="y\r\nX-Evil: 1' });
    const reading = await read({ envelope, from: "ann@example.net\r\nX-Evil: 1", subject: "a\r\nX-Evil: 1", text: "x", charsets });
    const message = reading?.kind === "mails" ? Buffer.from(reading.mails[0]?.raw ?? []).toString() : "";
    expect(message).not.toMatch(/^X-Evil/m);
    expect(message).toContain('charset="utf-8"');
  });

  test.each([
    ["without an envelope", { email: MIME }, "envelope"],
    ["whose envelope is no JSON", { envelope: "{", email: MIME }, "envelope"],
    ["whose envelope names nobody", { envelope: '{"to":[]}', email: MIME }, "envelope"],
    ["without any mail", { envelope }, "neither email"],
    ["of which a file is missing", { ...parsed, attachments: "2" }, "attachments is 2"],
  ])("%s cannot be read", async (_what, fields, because) => {
    expect(await read(fields)).toMatchObject({ kind: "malformed", because: expect.stringContaining(because) });
  });
});

test("its settings take keys of P-256 alone", () => {
  const isTaken = (key: string) => sendgridKind.settings.safeParse({ publicKeys: [key] }).success;
  expect(isTaken(spki(publicKey))).toBe(true);
  expect(isTaken(spki(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey))).toBe(false);
  expect(isTaken(spki(generateKeyPairSync("ed25519").publicKey))).toBe(false);
  expect(isTaken("AAAA")).toBe(false);
});

test("its secret is a user and a password, which it can make", () => {
  const { faultOf, generate } = sendgridKind.secrets;
  expect(faultOf(SECRET, byPassword.settings)).toBeUndefined();
  expect(faultOf(generate?.(byPassword.settings) ?? "", byPassword.settings)).toBeUndefined();
  for (const secret of ["password", "user:", ":a-long-password", "user:a long password"])
    expect(faultOf(secret, byPassword.settings)).toContain("user:password");
});
