import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "./data-folder.ts";
import { startedAt } from "./process-identity.ts";
import { StartFailure } from "./start-failure.ts";

/**
 * One process a data folder. The lock is a file that names its owner by process id and start; it comes into being whole
 * (a link to a written file), so nobody reads half of it. The lock of an owner that is gone is moved aside and checked
 * again there: of two processes that find the same stale lock, the slower one must not take away the faster one's new lock.
 */
export interface FolderLock {
  release(): Promise<void>;
}

const FILE = "lock";
/** Another start may win the race for a stale lock; then its lock is looked at, times. */
const ATTEMPTS = 5;

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
    await removeStale(path, found);
  }
  throw new StartFailure(`the data folder ${dataDir} is being taken by other starts; try again`);
}

async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = asideOf(path);
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

async function removeStale(path: string, stale: string): Promise<void> {
  const aside = asideOf(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await readOwner(aside)) !== stale) await link(aside, path).catch(() => undefined); // a newer lock was moved: give it back
  await rm(aside, { force: true });
}

async function releaseIfMine(path: string, mine: string): Promise<void> {
  if ((await readOwner(path)) === mine) await rm(path, { force: true });
}

function asideOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
}
