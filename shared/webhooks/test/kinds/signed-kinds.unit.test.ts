import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sourceKind } from "../../src/index.ts";
import { basic, callWith, NOW, take } from "../calls.ts";

type Name = Parameters<typeof sourceKind>[0];
interface Case {
  name: Name;
  settings?: Record<string, unknown>;
  secret: string;
  other: string;
  /** Headers that prove a body; `atS`: when it is signed. */
  prove(body: Buffer, secret: string, atS: number): Record<string, string>;
  /** The header without which nothing is proven. */
  proof: string;
  coversBody: boolean;
  isTimed: boolean;
}

const BODY = Buffer.from(JSON.stringify({ id: "evt_1", text: "ü" }));
const NOW_S = NOW.getTime() / 1000;
const hex = (secret: string | Buffer, ...parts: (string | Buffer)[]) => digest("hex", secret, parts);
const digest = (encoding: "hex" | "base64", secret: string | Buffer, parts: readonly (string | Buffer)[], algorithm = "sha256") => {
  const mac = createHmac(algorithm, secret);
  for (const part of parts) mac.update(part);
  return mac.digest(encoding);
};
const standard = (body: Buffer, secret: string, atS: number) => ({
  "webhook-id": "msg_1",
  "webhook-timestamp": String(atS),
  "webhook-signature": `v1,${digest("base64", Buffer.from(secret.replace("whsec_", ""), "base64"), [`msg_1.${atS}.`, body])}`,
});

const whsec = { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", other: "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY" };
const text = { secret: "It's a Secret to Everybody", other: "and this one to nobody" };
const bearer = (_body: Buffer, secret: string) => ({ authorization: `Bearer ${secret}` });
const unsigned = { coversBody: false, isTimed: false };
const signed = { coversBody: true, isTimed: false };
const timed = { coversBody: true, isTimed: true };
const CASES: Case[] = [
  { name: "standard-webhooks", ...whsec, ...timed, prove: standard, proof: "webhook-signature" },
  { name: "gitlab", settings: { authentication: "signature" }, ...whsec, ...timed, prove: standard, proof: "webhook-signature" },
  { name: "gitlab", ...text, ...unsigned, prove: (_body, secret) => ({ "x-gitlab-token": secret }), proof: "x-gitlab-token" },
  { name: "github", ...text, ...signed, prove: (body, secret) => ({ "x-hub-signature-256": `sha256=${hex(secret, body)}` }), proof: "x-hub-signature-256" },
  {
    name: "stripe",
    ...whsec,
    ...timed,
    prove: (body, secret, atS) => ({ "stripe-signature": `t=${atS},v0=${"0".repeat(64)},v1=${hex(secret, `${atS}.`, body)}` }),
    proof: "stripe-signature",
  },
  { name: "sentry", ...text, ...signed, prove: (body, secret) => ({ "sentry-hook-signature": hex(secret, body) }), proof: "sentry-hook-signature" },
  { name: "alertmanager", secret: "token-1", other: "token-2", ...unsigned, prove: bearer, proof: "authorization" },
  {
    name: "alertmanager",
    settings: { authentication: "basic" },
    secret: "prometheus:a-long-password",
    other: "prometheus:another-password",
    ...unsigned,
    prove: (_body, secret) => ({ authorization: basic(secret) }),
    proof: "authorization",
  },
  {
    name: "grafana",
    ...text,
    ...signed,
    prove: (body, secret) => ({ "x-grafana-alerting-signature": hex(secret, body) }),
    proof: "x-grafana-alerting-signature",
  },
  {
    name: "grafana",
    settings: { signatureHeader: "X-Grafana-Alert-Signature", timestampHeader: "X-Grafana-Time" },
    ...text,
    ...timed,
    prove: (body, secret, atS) => ({ "x-grafana-alert-signature": hex(secret, `${atS}:`, body), "x-grafana-time": String(atS) }),
    proof: "x-grafana-alert-signature",
  },
  {
    name: "slack",
    ...text,
    ...timed,
    prove: (body, secret, atS) => ({ "x-slack-signature": `v0=${hex(secret, `v0:${atS}:`, body)}`, "x-slack-request-timestamp": String(atS) }),
    proof: "x-slack-signature",
  },
  { name: "json", secret: "token 1", other: "token 2", ...unsigned, prove: bearer, proof: "authorization" },
  {
    name: "json",
    settings: { authentication: "hmac", algorithm: "sha512", encoding: "base64", prefix: "sha512=", signatureHeader: "X-Mine" },
    ...text,
    ...signed,
    prove: (body, secret) => ({ "x-mine": `sha512=${digest("base64", secret, [body], "sha512")}` }),
    proof: "x-mine",
  },
  {
    name: "json",
    settings: { authentication: "hmac", timestampHeader: "x-time", timestampSeparator: "" },
    ...text,
    ...timed,
    prove: (body, secret, atS) => ({ "x-signature": hex(secret, String(atS), body).toUpperCase(), "x-time": String(atS) }),
    proof: "x-signature",
  },
];

describe.each(CASES)("a call of $name, $settings", ({ name, settings = {}, secret, other, prove, proof, coversBody, isTimed }) => {
  const kind = sourceKind(name);
  if (!kind) throw new Error(`${name} is not served`);
  const source = { settings: kind.settings.parse(settings), secrets: [secret] };
  const verdictOf = async (body: Buffer, headers: Record<string, string>, more: Partial<typeof source> = {}) =>
    (await take(kind, callWith({ body, headers }), { ...source, ...more })).verdict;
  const unauthenticated = { kind: "refused", outcome: "unauthenticated", because: expect.any(String) };

  test("is verified on its exact bytes, whatever they are", async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a, 0xc3, 0x28]);
    for (const body of [BODY, bytes]) expect(await verdictOf(body, prove(body, secret, NOW_S))).toEqual({ kind: "verified" });
  });

  test("is verified by any of several secrets, and by none of none", async () => {
    const headers = prove(BODY, secret, NOW_S);
    expect(await verdictOf(BODY, headers, { secrets: [other, secret] })).toEqual({ kind: "verified" });
    expect(await verdictOf(BODY, headers, { secrets: [other] })).toEqual(unauthenticated);
    expect(await verdictOf(BODY, headers, { secrets: [] })).toEqual(unauthenticated);
  });

  test("without its proof, or with a part of it, is refused", async () => {
    const headers = prove(BODY, secret, NOW_S);
    const without = Object.fromEntries(Object.entries(headers).filter(([header]) => header !== proof));
    expect(await verdictOf(BODY, without)).toEqual(unauthenticated);
    for (const value of ["", " ", headers[proof]?.slice(0, -3) ?? "", `${headers[proof]}0`])
      expect(await verdictOf(BODY, { ...headers, [proof]: value })).toEqual(unauthenticated);
  });

  if (coversBody)
    test("that was altered by one byte is refused", async () => {
      const headers = prove(BODY, secret, NOW_S);
      for (const altered of [Buffer.concat([BODY, Buffer.from(" ")]), BODY.subarray(1), Buffer.from(BODY.toString().replace("evt_1", "evt_2"))])
        expect(await verdictOf(altered, headers)).toEqual(unauthenticated);
    });

  if (isTimed)
    test("that is old, of the future or has no time is refused, unless its age is tolerated", async () => {
      for (const atS of [NOW_S - 301, NOW_S + 301]) {
        const headers = prove(BODY, secret, atS);
        expect(await verdictOf(BODY, headers)).toMatchObject({ kind: "refused", outcome: "stale" });
        const tolerant = kind.settings.parse({ ...settings, toleranceSeconds: 10_000_000_000 });
        expect(await verdictOf(BODY, headers, { settings: tolerant })).toEqual({ kind: "verified" });
      }
      for (const atS of [NOW_S - 300, NOW_S + 300]) expect(await verdictOf(BODY, prove(BODY, secret, atS))).toEqual({ kind: "verified" });
      const headers = prove(BODY, secret, NOW_S);
      const odd = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, value.replace(String(NOW_S), `${NOW_S}abc`)]));
      expect(await verdictOf(BODY, odd)).toEqual(unauthenticated);
    });

  test("a secret that it makes is one that it takes", () => {
    const made = kind.secrets.generate?.(source.settings);
    if (made !== undefined) expect(kind.secrets.faultOf(made, source.settings)).toBeUndefined();
    expect(kind.secrets.faultOf(secret, source.settings)).toBeUndefined();
    expect(kind.secrets.faultOf("", source.settings)).toEqual(expect.any(String));
    expect(made === undefined).toBe(["stripe", "sentry", "slack"].includes(name));
  });

  test.each([
    ["no JSON", "{"],
    ["a text", '"x"'],
    ["nothing", ""],
    ["nothing but null", "null"],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])("whose body is %s is malformed", async (_what, content) => {
    const body = Buffer.from(content);
    const { reading } = await take(kind, callWith({ body, headers: prove(body, secret, NOW_S) }), source);
    expect(reading).toEqual({ kind: "malformed", because: expect.any(String) });
  });
});

describe("ed25519 of Standard Webhooks", () => {
  const kind = sourceKind("standard-webhooks");
  if (!kind) throw new Error("it is not served");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const whpk = `whpk_${publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64")}`;
  const settings = kind.settings.parse({});
  const signature = sign(null, Buffer.concat([Buffer.from(`msg_1.${NOW_S}.`), BODY]), privateKey).toString("base64");
  const verdictOf = async (list: string, body = BODY, secrets = [whpk]) => {
    const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(NOW_S), "webhook-signature": list };
    return (await take(kind, callWith({ body, headers }), { settings, secrets })).verdict.kind;
  };

  test("is verified by the public key, also among signatures of other schemes and keys", async () => {
    expect(await verdictOf(`v1a,${signature}`)).toBe("verified");
    expect(await verdictOf(`v9,abc v1,AAAA v1a,AAAA v1a,${signature}`, BODY, [whsec.secret, whpk])).toBe("verified");
  });

  test("is refused with another body, as HMAC, or damaged", async () => {
    expect(await verdictOf(`v1a,${signature}`, Buffer.from("{}"))).toBe("refused");
    expect(await verdictOf(`v1,${signature}`)).toBe("refused");
    for (const list of ["v1a,", "v1a,é", `v1a,${signature.slice(4)}`, signature]) expect(await verdictOf(list)).toBe("refused");
  });

  test("a public key is no key of HMAC: who knows it cannot sign", async () => {
    const forged = digest("base64", Buffer.from(whpk.slice(5), "base64"), [`msg_1.${NOW_S}.`, BODY]);
    expect(await verdictOf(`v1,${forged}`)).toBe("refused");
  });

  test.each([
    ["whsk_AAAA", "private"],
    ["whpk_AAAA", "32 bytes"],
    ["whsec_", "base64"],
    ["whsec_%%", "base64"],
    ["-", "base64"],
  ])("%s is no secret", (secret, why) => {
    expect(kind.secrets.faultOf(secret, settings)).toContain(why);
  });
});
