import { createHash, randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "./data-folder.ts";
import { startedAt } from "./process-identity.ts";
import { StartFailure } from "./start-failure.ts";

/**
 * One process a data folder. The lock is a file that names its owner by process id and start; it comes into being whole
 * (a link to a written file), so nobody reads half of it. The lock of an owner that is gone is removed under a guard that is
 * named after that very lock: of two processes that find the same stale lock, the slower one must not take away the faster
 * one's new lock. (Moving it aside, checking it there and giving it back lets a third one in meanwhile.)
 */
export interface FolderLock {
  release(): Promise<void>;
}

const FILE = "lock";
/** Another start may win the race for a stale lock; then its lock is looked at, times, after a pause, ms. */
const ATTEMPTS = 10;
const PAUSE_MS = 20;

/** Takes the folder, or throws StartFailure naming the process that has it. */
export async function lockDataFolder(dataDir: string): Promise<FolderLock> {
  const path = join(dataDir, FILE);
  const mine = `${process.pid} ${(await startedAt(process.pid)) ?? "?"}\n`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await createWhole(path, mine)) return { release: () => releaseIfMine(path, mine) };
    const found = await readOwner(path);
    if (found === undefined) continue;
    const owner = await livingOwner(found);
    if (owner !== undefined)
      throw new StartFailure(`the data folder ${dataDir} is in use by process ${owner}; stop that one, or set DATA_DIR to another folder`);
    if (!(await removeStale(path, { stale: found, mine }))) await delay(PAUSE_MS);
  }
  throw new StartFailure(`the data folder ${dataDir} is being taken by other starts; try again`);
}

async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readOwner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function livingOwner(content: string): Promise<number | undefined> {
  const [pid = "", start = ""] = content.trim().split(" ", 1).concat(content.trim().split(" ").slice(1).join(" "));
  const id = Number(pid);
  if (!Number.isInteger(id) || id <= 0) return undefined;
  return (await startedAt(id)) === start ? id : undefined;
}

/** False when another process is at it. Whoever comes late with an old look at the lock finds another one there and leaves it. */
async function removeStale(path: string, { stale, mine }: { stale: string; mine: string }): Promise<boolean> {
  const guard = `${path}.${createHash("sha256").update(stale).digest("hex").slice(0, 16)}`;
  if (!(await createWhole(guard, mine))) {
    const guardian = await readOwner(guard);
    if (guardian !== undefined && (await livingOwner(guardian)) === undefined) await rm(guard, { force: true });
    return false;
  }
  try {
    if ((await readOwner(path)) === stale) await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function releaseIfMine(path: string, mine: string): Promise<void> {
  if ((await readOwner(path)) === mine) await rm(path, { force: true });
}
