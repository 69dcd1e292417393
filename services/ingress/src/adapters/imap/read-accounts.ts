import { readFile } from "node:fs/promises";
import { ConfigError } from "@openticket/runtime";
import { z } from "zod";
import { type After, accountOfUrl, type ImapAccount, imapAccount } from "./accounts.ts";

/** One folder of one account, ready to be followed; folders of one account know nothing of each other, and share its access tokens. */
export interface ImapFolder {
  /** Account's name and folder: what its progress is kept under. */
  key: string;
  account: string;
  path: string;
  host: string;
  port: number;
  tls: ImapAccount["tls"];
  ca: string | undefined;
  user: string;
  secret: { kind: "password"; password: string } | OAuth2Secret;
  mailbox: { kind: "fixed"; address: string } | { kind: "by-recipient"; otherwise: string | undefined };
  after: After;
  since: ImapAccount["since"];
  maxBytes: number;
}

export interface OAuth2Secret {
  kind: "oauth2";
  tokenUrl: string;
  clientId: string;
  clientSecret: string | undefined;
  refreshToken: string;
  scope: string | undefined;
}

export interface AccountSources {
  /** Path of a JSON file with a list of accounts. */
  file: string | undefined;
  urls: readonly string[];
  env: Record<string, string | undefined>;
  /** Of accounts that say nothing about it. */
  maxBytes: number;
}

const DEFAULT_PORT = { implicit: 993, starttls: 143, none: 143 };
const SECRETS = new Set(["password", "clientSecret", "refreshToken"]);

/** Reads all accounts and gives back their folders. Throws {@link ConfigError} that names everything that is wrong, and no secret. */
export async function readImapAccounts({ file, urls, env, maxBytes }: AccountSources): Promise<ImapFolder[]> {
  const faults: string[] = [];
  const fromFile = file === undefined ? [] : parsed(z.array(imapAccount, "expected a list of accounts"), await readJson(file), "IMAP_ACCOUNTS_FILE", faults);
  const fromUrls = urls.flatMap((url, index) => {
    const source = `IMAP_URLS: entry ${index + 1}`;
    const given = accountOfUrl(url);
    if (given) return parsed(imapAccount, given, source, faults) ?? [];
    faults.push(`${source}: expected a URL such as imaps://user:password@host/INBOX?mailbox=support@example.test`);
    return [];
  });
  const accounts = [...(fromFile ?? []), ...fromUrls];
  const folders: ImapFolder[] = [];
  for (const account of accounts) folders.push(...(await foldersOf(account, env, maxBytes, faults)));
  faults.push(...repeatedKeys(folders));
  if (faults.length > 0) throw new ConfigError(`The configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  return folders;
}

async function readJson(path: string): Promise<unknown> {
  const content = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConfigError(`The configuration is wrong:\n  IMAP_ACCOUNTS_FILE: ${path} cannot be read`, { cause });
  });
  try {
    return JSON.parse(content);
  } catch {
    // What the parser says quotes the file, and with it a password.
    throw new ConfigError(`The configuration is wrong:\n  IMAP_ACCOUNTS_FILE: expected JSON in ${path}`);
  }
}

function parsed<T>(schema: z.ZodType<T>, given: unknown, source: string, faults: string[]): T | undefined {
  const outcome = schema.safeParse(given, { error: wordsFor });
  if (outcome.success) return outcome.data;
  for (const { path, message } of outcome.error.issues) faults.push(`${[source, ...path].join(".")}: ${message}, got ${shown(given, path)}`);
  return undefined;
}

function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  if (issue.code === "unrecognized_keys") return `expected no ${issue.keys.join(", ")}`;
  return undefined;
}

function shown(given: unknown, path: readonly PropertyKey[]): string {
  if (path.some((key) => SECRETS.has(String(key)))) return "(not shown)";
  const value = path.reduce<unknown>((within, key) => (typeof within === "object" && within !== null ? Reflect.get(within, key) : undefined), given);
  if (value === undefined) return "nothing";
  return typeof value === "object" ? "another one" : JSON.stringify(value);
}

async function foldersOf(account: ImapAccount, env: AccountSources["env"], maxBytes: number, faults: string[]): Promise<ImapFolder[]> {
  const name = account.name ?? `${account.user}@${account.host}`;
  const secret = secretOf(account, env, (variable) => faults.push(`${name}: expected ${variable} to be set, got nothing`));
  const ca = account.caFile && (await readFile(account.caFile, "utf8").catch(() => void faults.push(`${name}: caFile ${account.caFile} cannot be read`)));
  return account.folders.map((path) => ({
    key: `${name}/${path}`,
    account: name,
    path,
    host: account.host,
    port: account.port ?? DEFAULT_PORT[account.tls],
    tls: account.tls,
    ca: ca || undefined,
    user: account.user,
    secret,
    mailbox: account.mailbox === "byRecipient" ? { kind: "by-recipient", otherwise: account.otherwise } : { kind: "fixed", address: account.mailbox },
    after: account.after,
    since: account.since,
    maxBytes: account.maxBytes ?? maxBytes,
  }));
}

function secretOf({ password, passwordEnv, oauth2 }: ImapAccount, env: AccountSources["env"], onMissing: (variable: string) => void): ImapFolder["secret"] {
  const named = (value: string | undefined, variable: string | undefined): string | undefined => {
    if (value !== undefined || variable === undefined) return value;
    if (!env[variable]) onMissing(variable);
    return env[variable];
  };
  if (!oauth2) return { kind: "password", password: named(password, passwordEnv) ?? "" };
  const { tokenUrl, clientId, scope } = oauth2;
  const clientSecret = named(oauth2.clientSecret, oauth2.clientSecretEnv);
  return { kind: "oauth2", tokenUrl, clientId, clientSecret, refreshToken: named(oauth2.refreshToken, oauth2.refreshTokenEnv) ?? "", scope };
}

/** Two accounts of one name would share their progress. */
function repeatedKeys(folders: readonly ImapFolder[]): string[] {
  const seen = new Set<string>();
  return folders.flatMap(({ key }) =>
    seen.has(key) || !seen.add(key) ? [`expected each account and folder once, got ${key} twice: give the accounts names`] : [],
  );
}
