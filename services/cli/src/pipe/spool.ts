import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Mails that wait for the door, one file each: a line with the envelope as JSON, then the mail. A file has its final name
 * only when it and its folder are synced to the disk; before that its mail server still has the mail.
 */
export interface SpooledMail {
  envelope: { from: string; to: string[] };
  content(): AsyncIterable<Uint8Array>;
  /** Makes it outlive a power cut, and a flush find it. */
  keep(): Promise<void>;
  remove(): Promise<void>;
  /** Leaves it as it is. */
  close(): Promise<void>;
  /** Puts it aside, where no flush finds it. */
  setAside(): Promise<void>;
}

const [DRAFT, WAITING, REFUSED] = [".draft", ".mail", ".refused"];
/** A draft of a process that was killed: its mail server sends the mail again, ms. */
const STALE_DRAFT_MS = 86_400_000;
/** Longest line with an envelope, bytes. */
const MAX_ENVELOPE = 100_000;

/** Writes a mail to the folder, which is made where there is none, as a draft. */
export async function writeDraft(folder: string, envelope: SpooledMail["envelope"], content: AsyncIterable<Uint8Array>): Promise<SpooledMail> {
  const name = `${Date.now()}-${process.pid}-${process.hrtime.bigint()}`;
  const path = join(folder, `${name}${DRAFT}`);
  await mkdir(folder, 0o700).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const file = await open(path, "wx", 0o600);
  const head = `${JSON.stringify(envelope)}\n`;
  try {
    await file.write(head);
    for await (const chunk of content) await writeAll(file, chunk);
    return spooled(folder, { path, keptPath: join(folder, `${name}${WAITING}`), envelope, start: Buffer.byteLength(head), file });
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** Mails that wait, the oldest first; drafts that nobody will finish are taken away. */
export async function waitingMails(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  for (const name of names.filter((one) => one.endsWith(DRAFT))) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_DRAFT_MS) await rm(join(folder, name), { force: true });
  }
  return names.filter((name) => name.endsWith(WAITING));
}

/** Opens a waiting mail; undefined when another flush has taken it meanwhile. */
export async function openWaiting(folder: string, name: string): Promise<SpooledMail | undefined> {
  const path = join(folder, name);
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return undefined;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_ENVELOPE), 0, MAX_ENVELOPE, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(10);
  const envelope = JSON.parse(buffer.subarray(0, end).toString("utf8")) as SpooledMail["envelope"];
  return spooled(folder, { path, keptPath: path, envelope, start: end + 1, file });
}

interface Place {
  path: string;
  keptPath: string;
  envelope: SpooledMail["envelope"];
  start: number;
  file: FileHandle;
}

function spooled(folder: string, { path, keptPath, envelope, start, file }: Place): SpooledMail {
  return {
    envelope,
    content: () => createReadStream(path, { start }),
    async keep() {
      await file.sync();
      await file.close();
      await rename(path, keptPath);
      await syncFolder(folder);
    },
    close: () => file.close(),
    async remove() {
      await file.close();
      await rm(path, { force: true });
    },
    async setAside() {
      await file.close();
      await rename(path, `${path.slice(0, path.lastIndexOf("."))}${REFUSED}`);
    },
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}
