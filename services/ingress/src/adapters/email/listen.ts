import { chmod, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { explainListening, ListenFailure } from "@openticket/runtime";
import { ANSWERS } from "./answers.ts";
import type { MailServer } from "./smtp-library.ts";

export type MailListener = { door: MailServer; scheme: string; setting: string } & ({ host: string; port: number; hostSetting: string } | { path: string });

export interface ListeningForMail {
  urls: string[];
  /** No new messages; ends when those under way are stored or broken off. */
  stop(): Promise<void>;
}

/** A socket file is for the mail servers of this machine, whatever user they run as; the folder that it is in decides who gets there. */
const SOCKET_MODE = 0o666;

/** Opens the doors one after the other; when one cannot listen, those before it are closed again. Throws ListenFailure. */
export async function listenForMail(listeners: readonly MailListener[]): Promise<ListeningForMail> {
  const open: MailServer[] = [];
  const stop = async () => void (await Promise.all(open.map((door) => door.stop(ANSWERS.stopping()))));
  try {
    const urls: string[] = [];
    for (const listener of listeners) {
      urls.push(await listen(listener));
      open.push(listener.door);
    }
    return { urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(listener: MailListener): Promise<string> {
  const { door, scheme, setting } = listener;
  if ("path" in listener) {
    const { path } = listener;
    await requireFolder(path, setting);
    await removeStale(path);
    await explainListening(listening(door, { path }), { host: "socket", port: path, setting });
    await chmod(path, SOCKET_MODE);
    return `${scheme}:${path}`;
  }
  const { host, port, hostSetting } = listener;
  await explainListening(listening(door, { host, port }), { host, port, setting, hostSetting });
  const address = door.server.address();
  const actualPort = address && typeof address === "object" ? address.port : port;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${actualPort}`;
}

function listening({ server }: MailServer, where: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Said here, because of a missing folder Node says that it may not be used (libuv makes EACCES of ENOENT). */
async function requireFolder(path: string, setting: string): Promise<void> {
  const folder = dirname(path);
  const isMissing = await stat(folder).then(
    (found) => !found.isDirectory(),
    ({ code }: NodeJS.ErrnoException) => code === "ENOENT" || code === "ENOTDIR",
  );
  if (isMissing)
    throw new ListenFailure(`socket:${path} cannot be made: there is no folder ${folder}; make it, or set ${setting} to a file in one that is there`);
}

/** A killed process leaves its socket file behind; one that somebody listens on is left alone. */
async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const isServed = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
  if (!isServed) await rm(path, { force: true });
}
