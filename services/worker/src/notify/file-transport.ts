import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@openticket/runtime";
import { MailDelayed } from "./mail-delayed.ts";
import type { MailTransport } from "./mail-transport.ts";
import type { MailWriter } from "./mail-writer.ts";

/** Files written side by side: more than the four threads that Node has for files gains nothing. */
const CONCURRENCY = 4;
/** Mails hold access codes: for the owner alone. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Keeps each mail as an `.eml` file in that directory, for when there is no relay. A mail has one name for ever, so a
 * repeated delivery replaces its file. A reader sees the whole file or none; a mail that was reported as sent is on disk.
 */
export async function openFileTransport({ directory, write, logger }: { directory: string; write: MailWriter; logger: Logger }): Promise<MailTransport> {
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const settle = coalesce(() => syncDirectory(directory));
  return {
    name: "file",
    concurrency: CONCURRENCY,
    async send(letter) {
      const { fileName, raw, messageId } = write(letter);
      const target = join(directory, `${fileName}.eml`);
      try {
        await replace(target, raw);
        await settle();
      } catch (cause) {
        throw new MailDelayed("configuration", "The mail could not be written to its file", { cause });
      }
      logger.info({ ...letter.trace, messageId, bytes: Buffer.byteLength(raw), file: `${fileName}.eml` }, "mail written to a file");
    },
    async close() {},
  };
}

async function replace(target: string, content: string): Promise<void> {
  const draft = `${target}.${randomUUID()}.part`;
  try {
    const file = await open(draft, "wx", FILE_MODE);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Calls that come while one run is under way share the next: that one begins after all of them had asked. */
function coalesce(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () =>
    (next ??= current
      .catch(() => undefined)
      .then(() => {
        current = run();
        next = undefined;
        return current;
      }));
}
