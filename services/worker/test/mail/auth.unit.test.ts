import { generateKeyPairSync } from "node:crypto";
import type { InboundRecord } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { readConfig } from "@openticket/runtime";
import { dkimSign } from "mailauth";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { makeAuthenticate } from "../../src/mail/auth/authenticate.ts";
import { makeMailResolver, type Resolve } from "../../src/mail/auth/resolver.ts";
import { mailConfigFields } from "../../src/mail/config.ts";
import { mail, record } from "./build.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const KEY = `v=DKIM1; k=rsa; p=${publicKey.toString("base64")}`;
const ZONE: Record<string, string> = {
  "TXT k._domainkey.client.example": KEY,
  "TXT k._domainkey.sub.client.example": KEY,
  "TXT k._domainkey.evil.example": KEY,
  "TXT k._domainkey.bare.example": KEY,
  "TXT _dmarc.client.example": "v=DMARC1; p=reject",
  "TXT _dmarc.strict.example": "v=DMARC1; p=none; adkim=s; aspf=s",
  "TXT k._domainkey.sub.strict.example": KEY,
  "TXT client.example": "v=spf1 ip4:192.0.2.1 -all",
  "TXT bare.example": "v=spf1 ip4:192.0.2.1 -all",
};

/** A DNS that knows the zone, and counts what it is asked. */
function dns(zone = ZONE): { ask: Resolve; asked: string[] } {
  const asked: string[] = [];
  const ask: Resolve = async (name, type) => {
    asked.push(`${type} ${name}`);
    const text = zone[`${type} ${name}`];
    if (text !== undefined) return [[text]];
    throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  };
  return { ask, asked };
}

const BODY = "Hello,\r\nit burns.\r\n";
async function signed(from: string, domain: string, { limit, body = BODY }: { limit?: number; body?: string } = {}): Promise<Buffer> {
  const raw = `From: ${from}\r\nTo: support@desk.example\r\nSubject: x\r\nMessage-ID: <1@x>\r\n\r\n${body}`;
  const data = { signingDomain: domain, selector: "k", privateKey, ...(limit !== undefined && { maxBodyLength: limit }) };
  const { signatures } = await dkimSign(raw, { ...data, canonicalization: "relaxed/relaxed", signatureData: [data] });
  return Buffer.from(signatures + raw);
}

interface Given {
  env?: Record<string, string>;
  of?: Partial<UnderstoodMail>;
  source?: Partial<InboundRecord["source"]>;
  ask?: Resolve;
}

function authenticate(raw: Uint8Array, { env = {}, of = {}, source = {}, ask = dns().ask }: Given = {}) {
  const config = readConfig(z.object(mailConfigFields), env);
  const resolver = makeMailResolver({ servers: ["192.0.2.53"], timeoutMs: 1000, elapsedMs: () => performance.now(), ask });
  const count = raw.toString().includes("DKIM-Signature") ? [["dkim-signature", "v=1"] as const] : [];
  return makeAuthenticate(config, resolver)(
    raw,
    mail({ headers: count, ...of }),
    record({ source: { door: "smtp", envelopeTo: [], ip: "203.0.113.9", ...source } }),
  );
}
const from = (...addresses: string[]) => ({ from: addresses.map((address) => ({ name: "", address })) });

describe("SPF, DKIM and DMARC", () => {
  it("a mail signed by the domain in From is verified", async () => {
    const found = await authenticate(await signed("ada@client.example", "client.example"), { of: from("ada@client.example") });
    expect(found).toMatchObject({ isAligned: true, isForged: false, mayBounce: true });
    expect(found.because).toContain("DKIM of client.example");
  });

  it("one signed by another domain is not, and is disowned where the policy says so", async () => {
    const found = await authenticate(await signed("ada@client.example", "evil.example"), { of: from("ada@client.example") });
    expect(found).toMatchObject({ isAligned: false, isForged: true, mayBounce: true });
  });

  it("one whose body was changed is not", async () => {
    const raw = Buffer.from((await signed("ada@client.example", "client.example")).toString().replace("burns", "freezes"));
    expect(await authenticate(raw, { of: from("ada@client.example") })).toMatchObject({ isAligned: false, isForged: true, mayBounce: false });
  });

  it("a signature that leaves the end of the body open vouches for nothing", async () => {
    const whole = await signed("ada@client.example", "client.example", { limit: BODY.length });
    expect(await authenticate(whole, { of: from("ada@client.example") })).toMatchObject({ isAligned: true });
    const longer = Buffer.concat([whole, Buffer.from("Pay to another account.\r\n")]);
    expect(await authenticate(longer, { of: from("ada@client.example") })).toMatchObject({ isAligned: false });
  });

  it("SPF of the peer counts with a policy of the domain, and not without one", async () => {
    const raw = Buffer.from("From: x\r\n\r\nx");
    const source = { ip: "192.0.2.1", helo: "mx.client.example" };
    expect(await authenticate(raw, { of: from("ada@client.example"), source: { ...source, envelopeFrom: "ada@client.example" } })).toMatchObject({
      isAligned: true,
    });
    expect(await authenticate(raw, { of: from("bo@bare.example"), source: { ...source, envelopeFrom: "bo@bare.example" } })).toMatchObject({
      isAligned: false,
      mayBounce: true,
    });
    expect(await authenticate(raw, { of: from("ada@client.example"), source: { envelopeFrom: "ada@client.example" } })).toMatchObject({
      isAligned: false,
      isForged: true,
    });
  });

  it("a domain without a policy is vouched for by its own key", async () => {
    expect(await authenticate(await signed("bo@bare.example", "bare.example"), { of: from("bo@bare.example") })).toMatchObject({
      isAligned: true,
      isForged: false,
    });
  });

  it("a strict policy wants the very domain", async () => {
    expect(await authenticate(await signed("a@strict.example", "sub.strict.example"), { of: from("a@strict.example") })).toMatchObject({
      isAligned: false,
      isForged: false,
    });
    expect(await authenticate(await signed("a@client.example", "sub.client.example"), { of: from("a@client.example") })).toMatchObject({ isAligned: true });
  });

  it("of several authors all must be vouched for", async () => {
    const raw = await signed("ada@client.example", "client.example");
    expect(await authenticate(raw, { of: from("ada@client.example", "bob@client.example") })).toMatchObject({ isAligned: true });
    expect(await authenticate(raw, { of: from("ada@client.example", "bob@evil.example") })).toMatchObject({ isAligned: false });
    expect(await authenticate(raw, { of: from() })).toMatchObject({ isAligned: false });
  });

  it("more signatures than anybody needs are not checked", async () => {
    const headers = Array.from({ length: 11 }, () => ["dkim-signature", "v=1"] as const);
    const found = await authenticate(await signed("ada@client.example", "client.example"), { of: { ...from("ada@client.example"), headers } });
    expect(found).toMatchObject({ isAligned: false });
    expect(found.because).toContain("too many signatures");
  });

  it("a DNS that does not answer verifies nobody, and forges nobody; another time it may", async () => {
    const ask: Resolve = async () => {
      throw Object.assign(new Error("timeout"), { code: "ETIMEOUT" });
    };
    expect(await authenticate(await signed("ada@client.example", "client.example"), { of: from("ada@client.example"), ask })).toMatchObject({
      isAligned: false,
      isForged: false,
      isUnsettled: true,
    });
  });

  it("what nothing could prove is settled, and so is what one answer proves while another is missing", async () => {
    const answers = dns().ask;
    const ask: Resolve = async (name, type) => {
      if (name.startsWith("_dmarc.")) throw Object.assign(new Error("timeout"), { code: "ETIMEOUT" });
      return answers(name, type);
    };
    const raw = await signed("ada@client.example", "client.example");
    expect(await authenticate(raw, { of: from("ada@client.example"), ask })).toMatchObject({ isAligned: true, isUnsettled: false });
    const silent: Resolve = async () => {
      throw Object.assign(new Error("timeout"), { code: "ETIMEOUT" });
    };
    const others = await signed("gus@guest.example", "client.example");
    expect(await authenticate(others, { of: from("gus@guest.example"), ask: silent })).toMatchObject({ isAligned: false, isUnsettled: false });
    expect(await authenticate(Buffer.from("From: x\r\n\r\nx"), { of: from("ada@client.example") })).toMatchObject({ isAligned: false, isUnsettled: false });
  });
});

describe("who else may vouch", () => {
  const raw = Buffer.from("From: x\r\n\r\nx");
  it("a peer that has logged in, or is in a trusted network, unless that is not wanted", async () => {
    expect(await authenticate(raw, { source: { user: "scanner" } })).toMatchObject({ isAligned: true });
    expect(await authenticate(raw, { source: { user: "scanner" }, env: { MAIL_TRUST_LOGIN: "false" } })).toMatchObject({ isAligned: false });
    const env = { MAIL_TRUSTED_NETWORKS: "10.0.0.0/8,2001:db8::/32" };
    for (const ip of ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"])
      expect(await authenticate(raw, { env, source: { ip } })).toMatchObject({ isAligned: true });
    for (const ip of ["11.1.2.3", "2001:db9::1", "nonsense"]) expect(await authenticate(raw, { env, source: { ip } })).toMatchObject({ isAligned: false });
  });

  it("nobody, when it is off", async () => {
    expect(await authenticate(raw, { env: { MAIL_AUTH: "off" } })).toMatchObject({ isAligned: false, because: "MAIL_AUTH is off" });
  });

  const env = { MAIL_AUTH: "headers", MAIL_TRUSTED_AUTHSERV_IDS: "mx.desk.example" };
  const results = (...values: string[]) => ({ ...from("ada@client.example"), headers: values.map((value) => ["authentication-results", value] as const) });
  it.each([
    ["passed", ["mx.desk.example; dmarc=pass (p=reject) header.from=client.example"], true],
    ["passed, among others", ["mx.desk.example 1; spf=pass smtp.mailfrom=x@y; dkim=pass header.d=client.example; dmarc=pass header.from=client.example"], true],
    ["failed", ["mx.desk.example; dmarc=fail header.from=client.example"], false],
    ["of a stranger's id", ["mx.evil.example; dmarc=pass header.from=client.example"], false],
    ["below a trusted one", ["mx.desk.example; dmarc=fail header.from=client.example", "mx.desk.example; dmarc=pass header.from=client.example"], false],
    ["below a trusted one that says nothing", ["mx.desk.example; none", "mx.desk.example; dmarc=pass header.from=client.example"], false],
    ["about another domain", ["mx.desk.example; dmarc=pass header.from=evil.example"], false],
    ["in a comment", ["mx.desk.example; spf=fail (; dmarc=pass header.from=client.example)"], false],
  ])("a server in front: %s", async (_what, values, isAligned) => {
    expect(await authenticate(raw, { env, of: results(...values) })).toMatchObject({ isAligned });
  });

  it("a forwarder whose seal is trusted is not taken at its word without a seal", async () => {
    const of = { ...from("ada@client.example"), headers: [["arc-authentication-results", "i=1; x; dmarc=pass header.from=client.example"] as const] };
    expect(await authenticate(raw, { env: { MAIL_TRUSTED_ARC_SEALERS: "forwarder.example" }, of })).toMatchObject({ isAligned: false });
  });
});

describe("the resolver", () => {
  const make = (ask: Resolve, of: { servers?: string[]; elapsedMs?: () => number } = {}) =>
    makeMailResolver({ servers: ["192.0.2.53"], timeoutMs: 100, elapsedMs: () => 0, ask, ...of });
  const away: Resolve = async () => {
    throw Object.assign(new Error("timeout"), { code: "ETIMEOUT" });
  };

  it("asks once for what many mails want, also when there is none", async () => {
    const { ask, asked } = dns();
    const ofMail = make(ask);
    for (let index = 0; index < 3; index++) {
      await ofMail()("_dmarc.client.example", "TXT");
      await expect(ofMail()("nowhere.example.com", "TXT")).rejects.toMatchObject({ code: "ENOTFOUND" });
    }
    expect(asked).toHaveLength(2);
  });

  it("bounds what one mail may ask", async () => {
    const { ask, asked } = dns();
    const resolve = make(ask)();
    for (let index = 0; index < 60; index++) await resolve(`n${index}.client.example`, "TXT").catch(() => undefined);
    expect(asked).toHaveLength(40);
  });

  it("asks nothing for a moment after several mails in a row that met time-outs, and then again", async () => {
    let [asked, at] = [0, 0];
    const ofMail = make(
      (name, type) => {
        asked++;
        return away(name, type);
      },
      { elapsedMs: () => at },
    );
    for (let index = 0; index < 20; index++) await ofMail()(`n${index}.client.example`, "TXT").catch(() => undefined);
    expect(asked).toBe(4);
    at = 60_000;
    await ofMail()("later.client.example", "TXT").catch(() => undefined);
    expect(asked).toBe(5);
  });

  it.each([
    ["whose names are silent, as one mail is no outage", "ETIMEOUT", 1],
    ["whose names are broken, as their servers answer", "ESERVFAIL", 20],
  ])("goes on asking after mails %s", async (_what, code, mails) => {
    const { ask, asked } = dns();
    const ofMail = make(async (name, type) => {
      if (name.endsWith("stranger.example")) throw Object.assign(new Error(code), { code });
      return ask(name, type);
    });
    for (let mail = 0; mail < mails; mail++) {
      const resolve = ofMail();
      for (let index = 0; index < 10; index++) await resolve(`s${index}.stranger.example`, "TXT").catch(() => undefined);
    }
    await ofMail()("_dmarc.client.example", "TXT");
    expect(asked).toHaveLength(1);
  });

  it("does not ask the system's servers for names that are nobody's", async () => {
    const { ask, asked } = dns();
    await expect(make(ask, { servers: [] })()("_dmarc.client.test", "TXT")).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(asked).toEqual([]);
  });
});
