import { spawn } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "@openticket/standalone";
import { endOf, requireRunning } from "./child-end.ts";
import { findPackages, unpackPackages } from "./debian-packages.ts";
import { OPENTICKETS } from "./pipe.ts";
import { until } from "./until.ts";

/** A real Postfix of Debian's packages, unpacked to a folder of its own: nothing is installed, and no service is left. */
export interface Postfix {
  /** Where it takes mail from this machine. */
  smtpPort: number;
  /** All that it has logged. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface PostfixRoutes {
  /** Next hop by recipient, such as `lmtp:inet:127.0.0.1:24`, or `tickets:`, which is `opentickets pipe`. */
  transports: Record<string, string>;
  /** Arguments of the pipe, for the transport and as `mailbox_command` of local users. */
  pipe: string;
}

const LOCAL_DOMAIN = "users.test";
/** Users of every Debian: one that owns its queue, and a group for those who hand mail in. */
const [OWNER, OWNER_ID, DROP_GROUP, DROP_GROUP_ID] = ["mail", 8, "daemon", 1];

/** A recipient of whom Postfix runs `mailbox_command`. */
export const LOCAL_USER = `games@${LOCAL_DOMAIN}`;

/** The packages as files in the cache folder; undefined, with a loud line, where they cannot be had or used. */
export const findPostfix = (): Promise<string[] | undefined> => findPackages("Postfix", ["postfix"]);

/** Starts it on loopback, in the foreground of this test. Tried twice: its port may be another's by then. */
export function startPostfix(packages: readonly string[], routes: PostfixRoutes): Promise<Postfix> {
  return startOnce(packages, routes).catch((error: unknown) => {
    console.warn("POSTFIX DID NOT START, and is started once more", error);
    return startOnce(packages, routes);
  });
}

async function startOnce(packages: readonly string[], routes: PostfixRoutes): Promise<Postfix> {
  const folder = await mkdtemp(join(tmpdir(), "openticket-postfix-"));
  // Its daemons give up root: they have to get here.
  await chmod(folder, 0o755);
  await unpackPackages(packages, join(folder, "root"));
  await makeQueue(folder);
  const program = await copyPipe(folder);
  const smtpPort = await freePort();
  const conf = join(folder, "conf");
  await mkdir(conf, { recursive: true });
  await writeFile(join(conf, "main.cf"), mainCf(folder, routes, program));
  await writeFile(join(conf, "master.cf"), masterCf(smtpPort, routes, program));
  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: librariesIn(folder), MAIL_CONFIG: conf };
  const master = spawn(join(folder, "root/usr/lib/postfix/sbin/master"), ["-d", "-c", conf], { env, stdio: "inherit" });
  const log = () => readFile(join(folder, "log/maillog"), "utf8").catch(() => "");
  const stop = async () => {
    await endOf(master);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until("Postfix to be ready", async () => (await log()).includes("daemon started") || requireRunning(master, "Postfix"));
  } catch (error) {
    const said = await log();
    await stop();
    // Of a port that is taken its log tells nothing.
    throw new Error(`Postfix did not start on port ${smtpPort}; its log: ${said || "empty"}`, { cause: error });
  }
  return { smtpPort, log, stop };
}

async function makeQueue(folder: string): Promise<void> {
  const queue = join(folder, "queue");
  const make = async (path: string, mode: number, group = 0) => {
    await mkdir(path, { recursive: true });
    await chown(path, OWNER_ID, group);
    await chmod(path, mode);
  };
  await mkdir(join(queue, "pid"), { recursive: true });
  for (const name of ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"])
    await make(join(queue, name), 0o700);
  await make(join(queue, "public"), 0o710, DROP_GROUP_ID);
  await make(join(queue, "maildrop"), 0o730, DROP_GROUP_ID);
  await make(join(folder, "data"), 0o700);
  await mkdir(join(folder, "log"));
}

/** The program as it is built, where users of this machine may run it. */
async function copyPipe(folder: string): Promise<string> {
  const built = join(OPENTICKETS, "../..");
  const target = join(folder, "opentickets");
  for (const path of ["bin/opentickets.mjs", "dist/main-pipe.js", "package.json"]) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(built, path), join(target, path));
  }
  return `${process.execPath} ${join(target, "bin/opentickets.mjs")} pipe`;
}

function librariesIn(folder: string): string {
  return [join(folder, "root/usr/lib/postfix"), join(folder, "root/usr/lib/x86_64-linux-gnu"), join(folder, "root/usr/lib/aarch64-linux-gnu")].join(":");
}

function mainCf(folder: string, { transports, pipe }: PostfixRoutes, program: string): string {
  const routes = Object.entries(transports).map(([recipient, hop]) => `{ ${recipient} = ${hop} }`);
  return Object.entries({
    compatibility_level: "3.6",
    queue_directory: join(folder, "queue"),
    daemon_directory: join(folder, "root/usr/lib/postfix/sbin"),
    command_directory: join(folder, "root/usr/sbin"),
    data_directory: join(folder, "data"),
    shlib_directory: join(folder, "root/usr/lib/postfix"),
    meta_directory: join(folder, "conf"),
    maillog_file: join(folder, "log/maillog"),
    maillog_file_prefixes: folder,
    import_environment: `MAIL_CONFIG LD_LIBRARY_PATH=${librariesIn(folder)}`,
    mail_owner: OWNER,
    setgid_group: DROP_GROUP,
    default_privs: "nobody",
    myhostname: "mta.test",
    mydestination: LOCAL_DOMAIN,
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    mynetworks: "127.0.0.0/8",
    smtpd_relay_restrictions: "permit_mynetworks, reject",
    recipient_delimiter: "+",
    local_recipient_maps: "",
    alias_maps: "",
    transport_maps: `inline:{ ${routes.join(", ")} }`,
    relay_domains: "example.test",
    default_transport: "error:nothing leaves this machine",
    mailbox_command: `${program} ${pipe} --to support@example.test`,
    // What was put back is tried again soon.
    queue_run_delay: "1s",
    minimal_backoff_time: "1s",
    maximal_backoff_time: "2s",
  })
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("");
}

function masterCf(smtpPort: number, { pipe }: PostfixRoutes, program: string): string {
  const service = (name: string, type: string, isPrivate: string, limit: string, command: string) => `${name} ${type} ${isPrivate} - n - ${limit} ${command}\n`;
  return [
    service(`127.0.0.1:${smtpPort}`, "inet", "n", "-", "smtpd"),
    service("cleanup", "unix", "n", "0", "cleanup"),
    "qmgr unix n - n 300 1 qmgr\n",
    "pickup unix n - n 60 1 pickup\n",
    service("rewrite", "unix", "-", "-", "trivial-rewrite"),
    ...["bounce", "defer", "trace"].map((name) => service(name, "unix", "-", "0", "bounce")),
    service("flush", "unix", "n", "0", "flush"),
    service("showq", "unix", "n", "-", "showq"),
    service("postlog", "unix-dgram", "n", "1", "postlogd"),
    ...["proxymap", "lmtp", "error", "anvil"].map((name) => service(name, "unix", "-", "-", name)),
    service("retry", "unix", "-", "-", "error"),
    "local unix - n n - - local\n",
    `tickets unix - n n - - pipe flags=Rq user=nobody argv=${program} ${pipe} --from \${sender} --to \${recipient}\n`,
  ].join("");
}
