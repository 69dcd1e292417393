import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { importReferenceData } from "@openticket/store";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { openDialogue } from "../../../../../test/support/smtp-dialogue.ts";

const run = promisify(execFile);
const SECRET = "a long secret";
const token = (name: string, secret: string) => Buffer.from(`\0${name}\0${secret}`).toString("base64");

let folder: string;
let tls: { SMTP_TLS_CERT: string; SMTP_TLS_KEY: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-tls-"));
  tls = { SMTP_TLS_CERT: join(folder, "cert.pem"), SMTP_TLS_KEY: join(folder, "key.pem") };
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mx.example.test", "-days", "2"];
  await run("openssl", [...args, "-keyout", tls.SMTP_TLS_KEY, "-out", tls.SMTP_TLS_CERT]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("with a certificate and logins", () => {
  let door: EmailDoorUnderTest;
  beforeAll(async () => {
    door = await startEmailDoor({ ...tls, SMTPS_PORT: "0", SMTP_AUTH: "required", SMTP_FAILED_LOGINS_PER_MINUTE: "3" });
    const rows = [
      { identifier: "relay", secret: SECRET, permissions: ["sendmail"] },
      { identifier: "caller", secret: SECRET },
      { identifier: "elsewhere", secret: SECRET, permissions: ["sendmail"], allowedIps: ["192.0.2.0/24"] },
    ];
    await importReferenceData(door.store, [{ name: "credentials.json", text: JSON.stringify(rows) }]);
  });
  afterAll(() => door.stop());

  it.each([
    ["STARTTLS", "smtp", false],
    ["TLS from the first byte", "smtps", true],
  ] as const)("mail is taken over %s from who has logged in", async (_what, scheme, secure) => {
    const transport = createTransport({
      host: "127.0.0.1",
      port: door.ports[scheme] ?? 0,
      secure,
      requireTLS: true,
      auth: { user: "relay", pass: SECRET },
      tls: { rejectUnauthorized: false },
    });
    await transport.sendMail({ from: "a@b.test", to: "support@example.test", subject: scheme, text: "x" });
    transport.close();
    expect((await door.records()).at(-1)).toMatchObject({ source: { user: "relay", isTls: true } });
  });

  it("nothing is taken without a login, and no login without TLS", async () => {
    const dialogue = await openDialogue({ port: door.ports.smtp });
    const [offer, mail, login] = await dialogue.say("EHLO x", "MAIL FROM:<a@b.test>", `AUTH PLAIN ${token("relay", SECRET)}`);
    expect(offer).toContain("STARTTLS");
    expect(mail).toMatch(/^530 5\.7\.0/);
    expect(login).toMatch(/^538 5\.7\.0/);
  });

  it("what was said before TLS is forgotten, and not run after it", async () => {
    const dialogue = await openDialogue({ port: door.ports.smtp });
    await dialogue.say("EHLO x");
    await dialogue.send("STARTTLS\r\nMAIL FROM:<smuggled@b.test>\r\n");
    expect(await dialogue.answer()).toMatch(/^220/);
    await dialogue.secure();
    expect((await dialogue.say("EHLO y"))[0]).toContain("AUTH PLAIN LOGIN");
    expect((await dialogue.say("NOOP"))[0]).toMatch(/^250/);
  });

  it("a wrong secret, a missing permission and a foreign address are refused alike, and not for ever", async () => {
    const dialogue = await openDialogue({ port: door.ports.smtps, isSecure: true });
    await dialogue.say("EHLO x");
    for (const [name, secret] of [
      ["relay", "wrong"],
      ["caller", SECRET],
      ["elsewhere", SECRET],
    ] as const) {
      expect((await dialogue.say(`AUTH PLAIN ${token(name, secret)}`))[0]).toMatch(/^535 5\.7\.8/);
    }
    expect((await dialogue.say(`AUTH PLAIN ${token("relay", SECRET)}`))[0]).toMatch(/^421 4\.7\.0/);
  });
});

describe("proxies", () => {
  it("a PROXY header is taken from those that are named, and tells whose mail it is", async () => {
    const door = await startEmailDoor({ SMTP_PROXY_HOSTS: "127.0.0.1" });
    const dialogue = await openDialogue({ port: door.ports.smtp, first: "PROXY TCP4 203.0.113.9 127.0.0.1 4711 25\r\n" });
    await dialogue.say("EHLO x", "MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
    await dialogue.send("Subject: x\r\n\r\n.\r\n");
    expect(await dialogue.answer()).toMatch(/^250/);
    expect((await door.records()).at(-1)).toMatchObject({ source: { ip: "203.0.113.9" } });
    await door.stop();
  });

  it("XCLIENT is believed of those that are named, until a client speaks", async () => {
    const door = await startEmailDoor({ SMTP_XCLIENT_HOSTS: "127.0.0.1" });
    const dialogue = await openDialogue({ port: door.ports.smtp });
    const [offer, taken] = await dialogue.say("EHLO relay.test", "XCLIENT ADDR=203.0.113.9 NAME=[UNAVAILABLE] HELO=client.test");
    expect(offer).toContain("XCLIENT");
    expect(taken).toMatch(/^220/);
    await dialogue.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<support@example.test>", "DATA");
    await dialogue.send("Subject: x\r\n\r\n.\r\n");
    expect(await dialogue.answer()).toMatch(/^250/);
    expect((await door.records()).at(-1)).toMatchObject({ source: { ip: "203.0.113.9", helo: "client.test" } });
    expect((await dialogue.say("XCLIENT ADDR=198.51.100.1"))[0]).toMatch(/^550/);
    await door.stop();
  });

  it("neither is taken from anybody else", async () => {
    const door = await startEmailDoor({ SMTP_PROXY_HOSTS: "192.0.2.1", SMTP_XCLIENT_HOSTS: "192.0.2.1" });
    const proxied = await openDialogue({ port: door.ports.smtp, first: "PROXY TCP4 203.0.113.9 127.0.0.1 4711 25\r\n" });
    expect(proxied.greeting).toMatch(/^421/);
    const dialogue = await openDialogue({ port: door.ports.smtp });
    expect((await dialogue.say("EHLO x", "XCLIENT ADDR=203.0.113.9"))[1]).toMatch(/^550 5\.7\.0/);
    await door.stop();
  });
});

describe("settings that cannot work are said at the start", () => {
  it.each<[string, () => Record<string, string>, RegExp]>([
    ["logins without a certificate", () => ({ SMTP_AUTH: "optional" }), /SMTP_AUTH: it needs a certificate/],
    ["a TLS port without a certificate", () => ({ SMTPS_PORT: "0" }), /SMTPS_PORT: it needs a certificate/],
    ["a certificate without its key", () => ({ SMTP_TLS_CERT: tls.SMTP_TLS_CERT }), /SMTP_TLS_CERT: expected together/],
    ["a file that is not there", () => ({ ...tls, SMTP_TLS_KEY: "/nowhere/key.pem" }), /SMTP_TLS_KEY: .* cannot be read/],
    ["a key in place of the certificate", () => ({ ...tls, SMTP_TLS_CERT: tls.SMTP_TLS_KEY }), /not a certificate that fits/],
    ["a proxy that is no address", () => ({ SMTP_PROXY_HOSTS: "proxy.test" }), /SMTP_PROXY_HOSTS: expected addresses/],
  ])("%s", async (_what, env, said) => {
    await expect(startEmailDoor(env())).rejects.toThrow(said);
  });
});
