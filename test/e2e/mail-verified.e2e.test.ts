import { generateKeyPairSync } from "node:crypto";
import { dkimSign } from "mailauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DnsStub, startDnsStub } from "../support/dns-stub.ts";
import { type HelpDesk, rawMail, startHelpDesk } from "../support/help-desk.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

let dns: DnsStub;
let desk: HelpDesk;
beforeAll(async () => {
  dns = await startDnsStub({
    "k._domainkey.client.example.test": `v=DKIM1; k=rsa; p=${publicKey.toString("base64")}`,
    "k._domainkey.example.test": `v=DKIM1; k=rsa; p=${publicKey.toString("base64")}`,
    "k._domainkey.guest.example": `v=DKIM1; k=rsa; p=${publicKey.toString("base64")}`,
    "_dmarc.client.example.test": "v=DMARC1; p=reject",
    "_dmarc.example.test": "v=DMARC1; p=reject; sp=none",
    "_dmarc.guest.example": "v=DMARC1; p=none",
  });
  desk = await startHelpDesk({ MAIL_DNS_SERVERS: dns.address, SMTP_MESSAGES_PER_MINUTE: "0" });
});
afterAll(async () => {
  await desk.stop();
  await dns.stop();
});

async function signed(domain: string, headers: Record<string, string>): Promise<string> {
  const raw = rawMail(headers).replace(/\r?\n/g, "\r\n");
  const key = { signingDomain: domain, selector: "k", privateKey };
  const { signatures } = await dkimSign(raw, { ...key, canonicalization: "relaxed/relaxed", signatureData: [key] });
  return signatures + raw;
}

const ADA = "Ada <ada@client.example.test>";

describe("a mail whose sender's domain vouches for it", () => {
  it("is the client's ticket", async () => {
    const record = await desk.receive(await signed("client.example.test", { From: ADA, Subject: "Mine" }));
    expect(await desk.ticket(record.ticket?.id)).toMatchObject({ opener: { kind: "client", clientid: 1, name: "Ada Lovelace", isVerified: true } });
    expect(record.trace).toContainEqual(expect.objectContaining({ rule: "authenticity", answer: "verified" }));
  });

  it("forged, it is a guest's, unverified, and the named victim hears nothing", async () => {
    const record = await desk.receive(rawMail({ From: ADA, Subject: "Forged" }), { from: "eve@evil.example" });
    expect(await desk.ticket(record.ticket?.id)).toMatchObject({ opener: { kind: "guest", email: "ada@client.example.test", isVerified: false } });
    const stored = await desk.store.db.collection("tickets").findOne({ id: record.ticket?.id });
    expect(stored?.outbox.map(({ key }: { key: string }) => key)).not.toContain("mail:opener");
    expect(record.trace).toContainEqual(expect.objectContaining({ rule: "known address", because: "client 1, if it were proven" }));
  });

  it("of staff is an answer of the staff; forged, it is a stranger's", async () => {
    const opened = await desk.receive(await signed("client.example.test", { From: ADA, Subject: "Answer me" }));
    const number = { Subject: `Re: [Ticket ID: ${opened.ticket?.tid}]`, From: "Alan <agent@example.test>" };
    const forged = await desk.receive(rawMail(number), { from: "eve@evil.example" });
    expect(forged).toMatchObject({ state: "ticket" });
    const answered = await desk.receive(await signed("example.test", number));
    expect(answered).toMatchObject({ state: "reply", ticket: { id: opened.ticket?.id } });
    expect(await desk.ticket(opened.ticket?.id)).toMatchObject({ status: "Answered", replies: [{ author: { kind: "admin", admin: "agent" } }] });
    await desk.sentWith("X-OpenTicket-Template: reply-to-opener", "To: Ada Lovelace <ada@client.example.test>", "Answer me");
  });

  it("of a stranger to clients only is refused with one polite answer a day, that nobody can answer", async () => {
    const to = "clients@example.test";
    const refused = async () => desk.receive(await signed("guest.example", { To: to, Subject: "Let me in" }), { from: "gus@guest.example", to });
    expect(await refused()).toMatchObject({ state: "refused", reason: { code: "sender_unregistered" } });
    expect(await refused()).toMatchObject({ state: "refused" });
    const bounce = await desk.sentWith("Not taken", "To: Gus Guest <gus@guest.example>");
    expect(bounce).toMatch(/^Auto-Submitted: auto-replied/im);
    expect((await desk.sent()).filter((mail) => mail.includes("Not taken"))).toHaveLength(1);
    expect(await desk.receive(await signed("client.example.test", { From: ADA, To: to }), { from: "ada@client.example.test", to })).toMatchObject({
      state: "ticket",
    });
  });
});
