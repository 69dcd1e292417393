import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeMongoMailFolders } from "@openticket/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Dovecot, findDovecot, type Maildir, PASSWORD, startDovecot } from "../../../../../test/support/dovecot.ts";
import { type EmailDoorUnderTest, startEmailDoor } from "../../../../../test/support/email-door.ts";
import { testMongoUrl, testRedisUrl } from "../../../../../test/support/servers.ts";
import { openTcpProxy, type TcpProxy } from "../../../../../test/support/tcp-proxy.ts";
import { until } from "../../../../../test/support/until.ts";
import { connectFolder } from "../../../src/adapters/imap/connect-folder.ts";
import { readImapAccounts } from "../../../src/adapters/imap/read-accounts.ts";

const packages = await findDovecot();
let dovecot: Dovecot;
let proxy: TcpProxy;
let folder: string;
/** Gives tokens, and says whose they are: a valid one is named as its user. */
let identity: Server;
let validToken: string;
let tokensGiven: number;
const doors: EmailDoorUnderTest[] = [];

beforeAll(async () => {
  if (!packages) return;
  folder = await mkdtemp(join(tmpdir(), "openticket-imap-"));
  identity = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://identity.test");
    const isValid = searchParams.get("token") === validToken;
    const answer = pathname === "/token" ? giveToken(await text(request)) : isValid && { active: true, username: validToken };
    response.writeHead(answer ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(answer || { active: false }));
  });
  await new Promise<void>((resolve) => identity.listen(0, "127.0.0.1", resolve));
  dovecot = await startDovecot(packages, { introspectionUrl: `http://127.0.0.1:${portOf(identity)}/introspect?token=` });
  proxy = await openTcpProxy(dovecot.port);
});
afterAll(async () => {
  if (!packages) return;
  await proxy.close();
  await dovecot.stop();
  identity.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const door of doors.splice(0)) await door.stop();
});

/** Each refresh token is good for one use. */
function giveToken(form: string) {
  if (new URLSearchParams(form).get("refresh_token") !== `refresh-${tokensGiven}`) return undefined;
  return { access_token: tokensGiven++ === 0 ? "withdrawn" : validToken, refresh_token: `refresh-${tokensGiven}`, expires_in: 3600 };
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const mail = (name: string) => `From: ada@example.test\r\nMessage-ID: <${name}@example.test>\r\n\r\n${name}\r\n`;
const stored = (door: EmailDoorUnderTest, count: number) => until(`${count} messages`, async () => (await door.records()).length === count);

/** A door that fetches from that account over the proxy. */
async function fetching(
  user: string,
  settings: Record<string, unknown> = {},
  env: Parameters<typeof startEmailDoor>[0] = {},
): Promise<{ door: EmailDoorUnderTest; inbox: Maildir }> {
  const inbox = await dovecot.account(user);
  const account = { name: user, host: "127.0.0.1", port: proxy.port, tls: "none", user, mailbox: "support@example.test", ...settings };
  const file = join(folder, `${user}.json`);
  await writeFile(file, JSON.stringify([{ ...account, ...(!("oauth2" in settings) && { password: PASSWORD }) }]));
  const door = await startEmailDoor((prefix) => ({
    IMAP_ACCOUNTS_FILE: file,
    IMAP_SWEEP_MS: "1000",
    IMAP_SOCKET_TIMEOUT_MS: "1500",
    IMAP_LEASE_MS: "3000",
    ...(typeof env === "function" ? env(prefix) : env),
  }));
  doors.push(door);
  return { door, inbox };
}

describe.skipIf(!packages)("a Dovecot", () => {
  it("that ends every connection is connected to again, and what came meanwhile is taken", async () => {
    const { door, inbox } = await fetching("cut");
    await inbox.deliver(mail("one"));
    await stored(door, 1);
    proxy.cut();
    await inbox.deliver(mail("two"), mail("three"));
    await stored(door, 3);
  });

  it("that falls silent without a close is given up, and read again when it is back", async () => {
    const { door, inbox } = await fetching("silent");
    await inbox.deliver(mail("one"));
    await stored(door, 1);
    // Until that is noted, the message is read once more, and met again.
    await until("the first one to be done with", async () => (await makeMongoMailFolders(door.store).all()).some(({ floor }) => floor > 0));
    proxy.freeze();
    await inbox.deliver(mail("two"));
    await until("the fault", () => isSaid(door, "openticket_imap_faults_total"));
    proxy.thaw();
    await stored(door, 2);
    expect(await door.records({ repetitions: 0 })).toHaveLength(2);
  });

  it("takes XOAUTH2, with a new token for one that was withdrawn", async () => {
    [validToken, tokensGiven] = ["oauth", 0];
    const tokenUrl = `http://127.0.0.1:${portOf(identity)}/token`;
    const { door, inbox } = await fetching("oauth", { oauth2: { tokenUrl, clientId: "c", refreshToken: "refresh-0" } });
    await inbox.deliver(mail("one"));
    await stored(door, 1);
    expect(tokensGiven).toBe(2);
    expect(await dovecot.log()).toContain("method=XOAUTH2");
  });

  it("takes XOAUTH2 for all folders of an account with one token", async () => {
    [validToken, tokensGiven] = ["folders", 0];
    const tokenUrl = `http://127.0.0.1:${portOf(identity)}/token`;
    await (await dovecot.account("folders")).create("Other");
    const { door } = await fetching("folders", { folders: ["INBOX", "Other"], oauth2: { tokenUrl, clientId: "c", refreshToken: "refresh-0" } });
    await until("both folders to be read", async () => (await door.metrics.expose()).body.includes("openticket_imap_folders_read 2"));
    expect(tokensGiven).toBe(2);
  });

  it("says with CONDSTORE whether anything has changed", async () => {
    const inbox = await dovecot.account("condstore");
    const url = `imap://condstore:${PASSWORD}@127.0.0.1:${dovecot.port}/INBOX?mailbox=support@example.test&tls=none`;
    const [account] = await readImapAccounts({ file: undefined, urls: [url], env: {}, maxBytes: 10_000 });
    if (!account) throw new Error("no account");
    const session = await connectFolder(account, { socketTimeoutMs: 5000, secret: { pass: PASSWORD } });
    const first = await session.look();
    expect(first.modseq).toMatch(/^\d+$/);
    expect(await session.look()).toEqual(first);
    await inbox.deliver(mail("one"));
    expect((await session.look()).modseq).not.toBe(first.modseq);
    await session.close();
  });
});

const isSaid = async (door: EmailDoorUnderTest, metric: string) =>
  (await door.metrics.expose()).body.split("\n").some((line) => line.startsWith(`${metric}{`) && !line.endsWith(" 0"));

describe.skipIf(!packages)("nothing is fetched, and it goes on by itself, when", () => {
  it.each([
    ["Redis", "imap_pauses_total", (_prefix: string, port: number) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }), () => testRedisUrl()],
    [
      "MongoDB",
      "imap_faults_total",
      (prefix: string, port: number) => ({ MONGODB_URL: `mongodb://127.0.0.1:${port}/${prefix}?directConnection=true` }),
      () => testMongoUrl("any"),
    ],
  ])("%s is silent", { timeout: 60_000 }, async (which, sign, env, url) => {
    const server = await openTcpProxy(Number(new URL(url()).port));
    try {
      const { door, inbox } = await fetching(which.toLowerCase(), {}, (prefix) => env(prefix, server.port));
      let sent = 0;
      const deliver = () => inbox.deliver(mail(`${which}-${++sent}`));
      await deliver();
      await stored(door, 1);
      server.freeze();
      await until(
        "the pause",
        async () => {
          // The first ones may be let in on what was known before.
          if ((await door.records()).length === sent) await deliver();
          return isSaid(door, `openticket_${sign}`);
        },
        30_000,
      );
      server.thaw();
      await until("all", async () => (await door.records()).length === sent, 40_000);
    } finally {
      for (const door of doors.splice(0)) await door.stop();
      await server.close();
    }
  });
});
