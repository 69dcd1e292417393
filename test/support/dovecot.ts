import { execFile, spawn } from "node:child_process";
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@openticket/standalone";
import { endOf, requireRunning } from "./child-end.ts";
import { findPackages, unpackPackages } from "./debian-packages.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

/**
 * A real Dovecot of Debian's packages, in a root of its own: nothing is installed, and no service is left. Mail is put into
 * its folders and looked for there by file, so that a test does not ask the library that it is about.
 */
export interface Dovecot {
  port: number;
  /** Of implicit TLS; 0 without {@link DovecotOptions.tls}. */
  tlsPort: number;
  /** All that it has logged. */
  log(): Promise<string>;
  /** A mailbox of that user, whom {@link PASSWORD} lets in; there is one for every name. */
  account(user: string): Promise<Maildir>;
  stop(): Promise<void>;
}

export interface Maildir {
  /** Makes a folder. */
  create(folder: string): Promise<void>;
  /** Puts mails into the inbox, as a delivery does. */
  deliver(...mails: string[]): Promise<void>;
  /** What is in a folder, and its flags in the letters of Maildir (S: seen, T: marked as deleted); an empty list when there is no such folder. */
  messages(folder?: string): Promise<{ raw: string; flags: string }[]>;
  /** Moves everything of a folder into the inbox, by hand. */
  moveBack(folder: string): Promise<void>;
  /** Numbers the inbox anew. */
  renumber(): Promise<void>;
}

export const PASSWORD = "secret";
/** A user of every Debian, who owns the mail. */
const OWNER_ID = 8;
const BINARIES = ["usr/sbin/dovecot", "usr/bin/doveconf", "usr/lib/dovecot/modules/libssl_iostream_openssl.so"];
const SERVICES = ["anvil", "auth", "config", "imap", "imap-login", "log", "stats"];

/** The packages as files in the cache folder; undefined, with a loud line, where they cannot be had or used. */
export const findDovecot = (): Promise<string[] | undefined> => findPackages("Dovecot", ["dovecot-core", "dovecot-imapd"]);

export interface DovecotOptions {
  /** Asked about the tokens of XOAUTH2. */
  introspectionUrl?: string;
  /** Certificate and key in PEM: nobody is let in without TLS then. */
  tls?: { cert: string; key: string };
}

/** Starts it on loopback. */
export async function startDovecot(packages: readonly string[], options: DovecotOptions = {}): Promise<Dovecot> {
  const folder = await mkdtemp(join(tmpdir(), "openticket-dovecot-"));
  const root = join(folder, "root");
  await chmod(folder, 0o755);
  await unpackPackages(packages, root);
  await copyLibraries(root);
  const port = await freePort();
  const tlsPort = options.tls ? await freePort() : 0;
  await configure(root, { port, tlsPort }, options);
  const master = spawn("chroot", [root, "/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot.conf"], {
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: "/usr/lib/dovecot" },
    stdio: "inherit",
  });
  const log = () => readFile(join(root, "log"), "utf8").catch(() => "");
  await until("Dovecot to be ready", async () => (await log()).includes("starting up") || requireRunning(master, "Dovecot"));
  return {
    port,
    tlsPort,
    log,
    account: (user) => makeMaildir(join(root, "mail", user)),
    async stop() {
      await endOf(master);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its paths are compiled in: it gets a root, with what every system has. */
async function copyLibraries(root: string): Promise<void> {
  const own = ["usr/lib/dovecot", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"].map((path) => join(root, path));
  const programs = [...BINARIES, ...SERVICES.map((name) => `usr/lib/dovecot/${name}`)].map((path) => join(root, path));
  const needed = await Promise.all(programs.map((program) => run("ldd", [program], { env: { ...process.env, LD_LIBRARY_PATH: own.join(":") } })));
  const paths = needed.flatMap(({ stdout }) => [...stdout.matchAll(/(?:=> |^\t)(\/\S+)/gm)].map(([, path = ""]) => path));
  for (const path of new Set(paths.filter((path) => !path.startsWith(root)))) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
  await mkdir(join(root, "dev"), { recursive: true });
  await run("mknod", ["-m", "666", join(root, "dev/null"), "c", "1", "3"]);
}

type Ports = Pick<Dovecot, "port" | "tlsPort">;

async function configure(root: string, ports: Ports, { introspectionUrl, tls }: DovecotOptions): Promise<void> {
  for (const path of ["etc", "tmp", "run", "mail"]) await mkdir(join(root, path), { recursive: true });
  await chown(join(root, "mail"), OWNER_ID, OWNER_ID);
  const people = { root: 0, mail: OWNER_ID, nogroup: 65_534, dovecot: 65_533, dovenull: 65_532 };
  const lines = (line: (name: string, id: number) => string) =>
    Object.entries(people)
      .map(([name, id]) => `${line(name, id)}\n`)
      .join("");
  await writeFile(
    join(root, "etc/passwd"),
    lines((name, id) => `${name}:x:${id}:${id}::/:/bin/false`),
  );
  await writeFile(
    join(root, "etc/group"),
    lines((name, id) => `${name}:x:${id}:`),
  );
  await writeFile(join(root, "etc/dovecot.conf"), dovecotConf(ports, introspectionUrl));
  if (tls) await Promise.all([writeFile(join(root, "etc/cert.pem"), tls.cert), writeFile(join(root, "etc/key.pem"), tls.key)]);
  if (introspectionUrl)
    await writeFile(join(root, "etc/oauth2.conf"), `introspection_mode = get\nintrospection_url = ${introspectionUrl}\nusername_attribute = username\n`);
}

function dovecotConf({ port, tlsPort }: Ports, introspectionUrl: string | undefined): string {
  return `
protocols = imap
listen = 127.0.0.1
base_dir = /run/dovecot
state_dir = /run
log_path = /log
${tlsPort ? "ssl = required\nssl_cert = </etc/cert.pem\nssl_key = </etc/key.pem" : "ssl = no\ndisable_plaintext_auth = no"}
auth_mechanisms = plain${introspectionUrl ? " xoauth2" : ""}
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  ${tlsPort ? `inet_listener imaps {\n    port = ${tlsPort}\n    ssl = yes\n  }` : ""}
}
${introspectionUrl ? "passdb {\n  driver = oauth2\n  mechanisms = xoauth2\n  args = /etc/oauth2.conf\n}" : ""}
passdb {
  driver = static
  mechanisms = plain
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=${OWNER_ID} gid=${OWNER_ID} home=/mail/%u
}
`;
}

let delivered = 0;

async function makeMaildir(home: string): Promise<Maildir> {
  const inbox = join(home, "Maildir");
  await makeOwned(home, ...partsOf(inbox));
  return {
    create: (folder) => makeOwned(...partsOf(join(inbox, `.${folder}`))),
    async deliver(...mails) {
      for (const raw of mails) {
        const name = `${Date.now()}.M${++delivered}.test`;
        await writeFile(join(inbox, "tmp", name), raw);
        await rename(join(inbox, "tmp", name), join(inbox, "new", name));
      }
    },
    messages: (folder) => messagesIn(folder === undefined ? inbox : join(inbox, `.${folder}`)),
    async moveBack(folder) {
      for (const path of await filesIn(join(inbox, `.${folder}`))) await rename(path, join(inbox, "new", `${Date.now()}.M${++delivered}.back`));
    },
    async renumber() {
      for (const file of await readdir(inbox)) if (file.startsWith("dovecot")) await rm(join(inbox, file));
    },
  };
}

const partsOf = (maildir: string) => [maildir, ...["cur", "new", "tmp"].map((name) => join(maildir, name))];

async function makeOwned(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    await chown(path, OWNER_ID, OWNER_ID);
  }
}

async function messagesIn(maildir: string): Promise<{ raw: string; flags: string }[]> {
  const files = await filesIn(maildir);
  const reading = files.map(async (path) => ({ raw: await readFile(path, "utf8"), flags: /:2,(\w*)$/.exec(path)?.[1] ?? "" }));
  // A file's name holds its flags, and may be another one by now.
  return Promise.all(reading).catch(() => messagesIn(maildir));
}

async function filesIn(maildir: string): Promise<string[]> {
  const found = await Promise.all(
    ["new", "cur"].map(async (name) => (await readdir(join(maildir, name)).catch(() => [])).map((file) => join(maildir, name, file))),
  );
  return found.flat();
}
