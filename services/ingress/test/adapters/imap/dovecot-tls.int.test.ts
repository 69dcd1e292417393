import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Dovecot, findDovecot, PASSWORD, startDovecot } from "../../../../../test/support/dovecot.ts";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { until } from "../../../../../test/support/until.ts";

const run = promisify(execFile);
const MAIL = "From: Ada <ada@example.test>\r\nTo: support@example.test\r\nSubject: s\r\nMessage-ID: <one@example.test>\r\n\r\nText\r\n";

const packages = await findDovecot();
let dovecot: Dovecot;
let folder: string;
let caFile: string;
let door: EmailDoorUnderTest | undefined;
let users = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-imap-tls-"));
  caFile = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...names, "-keyout", key, "-out", caFile]);
  if (packages) dovecot = await startDovecot(packages, { tls: { cert: await readFile(caFile, "utf8"), key: await readFile(key, "utf8") } });
});
afterAll(async () => {
  await dovecot?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => door?.stop());

/** A door that fetches from an account with one mail, in this way. */
async function fetching(settings: Record<string, unknown>) {
  const user = `user${++users}`;
  const inbox = await dovecot.account(user);
  await inbox.deliver(MAIL);
  const file = join(folder, `${user}.json`);
  const account = { name: "support", host: "127.0.0.1", user, password: PASSWORD, mailbox: "support@example.test", ...settings };
  await writeFile(file, JSON.stringify([account]));
  door = await startEmailDoor({ IMAP_ACCOUNTS_FILE: file, IMAP_SWEEP_MS: "500" });
  return { door, inbox };
}

const refusals = async () => (await dovecot.log()).match(/no auth attempts|Disconnected/g)?.length ?? 0;

describe.skipIf(!packages)("mail of a Dovecot that speaks TLS alone", () => {
  it.each([
    ["from the first byte", () => ({ tls: "implicit", port: dovecot.tlsPort, caFile })],
    ["after STARTTLS", () => ({ tls: "starttls", port: dovecot.port, caFile })],
  ])("comes %s", async (_, settings) => {
    const { door, inbox } = await fetching(settings());
    await until("the message", async () => (await door.records()).length === 1);
    await until("its flag", async () => (await inbox.messages()).every(({ flags }) => flags === "S"));
  });

  it("stays with a server whose certificate nobody vouches for", async () => {
    const before = await refusals();
    const { door, inbox } = await fetching({ tls: "starttls", port: dovecot.port });
    await until("two tries", async () => (await refusals()) >= before + 2);
    expect(await door.records()).toEqual([]);
    expect(await inbox.messages()).toMatchObject([{ flags: "" }]);
  });
});
