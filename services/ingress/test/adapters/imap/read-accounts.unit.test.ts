import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readImapAccounts } from "../../../src/adapters/imap/read-accounts.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openticket-accounts-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const account = { name: "support", host: "imap.example.test", user: "support", password: "pass-1", mailbox: "Support@example.test" };

async function read({ file, urls = [], env = {} }: { file?: unknown; urls?: string[]; env?: Record<string, string> }) {
  const path = join(folder, "accounts.json");
  await writeFile(path, typeof file === "string" ? file : (JSON.stringify(file) ?? ""));
  return readImapAccounts({ file: file === undefined ? undefined : path, urls, env, maxBytes: 5000 });
}

it("an account of the file becomes its folders", async () => {
  const folders = await read({ file: [{ ...account, folders: ["INBOX", "Other"], after: "move:Done/2026" }] });
  expect(folders.map(({ key }) => key)).toEqual(["support/INBOX", "support/Other"]);
  expect(folders[0]).toMatchObject({
    port: 993,
    tls: "implicit",
    secret: { kind: "password", password: "pass-1" },
    mailbox: { kind: "fixed", address: "support@example.test" },
    after: { kind: "move", folder: "Done/2026" },
    since: "all",
    maxBytes: 5000,
  });
});

it("a URL says the same", async () => {
  const [folder] = await read({
    urls: ["imaps://a%40b.test:p%2Cw@imap.example.test:1993/Team%2FIn?mailbox=support@example.test&after=delete&maxBytes=2048&since=2026-01-31"],
  });
  expect(folder).toMatchObject({
    key: "a@b.test@imap.example.test/Team/In",
    user: "a@b.test",
    port: 1993,
    secret: { password: "p,w" },
    path: "Team/In",
    after: { kind: "delete" },
    maxBytes: 2048,
    since: new Date("2026-01-31"),
  });
});

it("imap:// wants STARTTLS", async () => {
  expect(await read({ urls: ["imap://u:p@host.test/?mailbox=a@b.test"] })).toMatchObject([{ tls: "starttls", port: 143, path: "INBOX" }]);
});

it("secrets may stand in the environment", async () => {
  const oauth2 = { tokenUrl: "https://id.example.test/token", clientId: "c", clientSecretEnv: "CS", refreshTokenEnv: "RT" };
  const { password: _password, ...rest } = account;
  const folders = await read({
    file: [
      { ...rest, passwordEnv: "PW" },
      { ...rest, name: "other", oauth2 },
    ],
    env: { PW: "pw", CS: "cs", RT: "rt" },
  });
  expect(folders).toMatchObject([{ secret: { password: "pw" } }, { secret: { kind: "oauth2", clientSecret: "cs", refreshToken: "rt" } }]);
});

it.each([
  ["no JSON", '[{"password": "pass-1" oops', "IMAP_ACCOUNTS_FILE: expected JSON in"],
  ["no list", { name: "a" }, "IMAP_ACCOUNTS_FILE: expected a list of accounts, got another one"],
  ["a port that is a word", [{ ...account, port: "imap" }], 'IMAP_ACCOUNTS_FILE.0.port: expected a whole number, got "imap"'],
  ["a port that is none", [{ ...account, port: 70_000 }], "0.port: expected a port from 1 to 65535, got 70000"],
  ["no user", [{ ...account, user: undefined }], "0.user: expected string, got nothing"],
  ["a password that is a number", [{ ...account, password: 4711 }], "0.password: expected string, got (not shown)"],
  ["two secrets", [{ ...account, passwordEnv: "PW" }], "0: expected one of password, passwordEnv and oauth2"],
  ["a variable that is not set", [{ ...account, password: undefined, passwordEnv: "PW" }], "support: expected PW to be set, got nothing"],
  ["a setting that does not exist", [{ ...account, colour: "red" }], "0: expected no colour"],
  ["an after that does not exist", [{ ...account, after: "burn" }], '0.after: expected flag, move:FOLDER, delete or leave, got "burn"'],
  ["a move into itself", [{ ...account, after: "move:INBOX" }], "0: expected another folder to move to"],
  [
    "a mailbox that is no address",
    [{ ...account, mailbox: "support" }],
    '0.mailbox: expected byRecipient or an address such as support@example.test, got "support"',
  ],
  ["a password over the open network", [{ ...account, tls: "none" }], "0: expected tls implicit or starttls: none is for this machine alone"],
  [
    "tokens over the open network",
    [{ ...account, oauth2: { tokenUrl: "http://id.example.test/", clientId: "c", refreshToken: "r" } }],
    "0.oauth2.tokenUrl: expected a URL with https",
  ],
  ["a name twice", [account, account], "expected each account and folder once, got support/INBOX twice"],
])("%s is said", async (_what, file, said) => {
  const error = await read({ file }).then(
    () => undefined,
    (fault: Error) => fault,
  );
  expect(error).toMatchObject({ name: "ConfigError", message: expect.stringContaining(said) });
  expect(error?.message).not.toMatch(/pass-1|4711/);
});

it("a URL that is none is said without its password", async () => {
  const reading = read({ urls: ["https://u:pass-1@host.test/", "imaps://u:pass-1@host.test/INBOX"] });
  await expect(reading).rejects.toThrow(/entry 1: expected a URL such as(.|\n)*entry 2.mailbox: expected byRecipient or an address/);
  await expect(reading).rejects.not.toThrow("pass-1");
});
