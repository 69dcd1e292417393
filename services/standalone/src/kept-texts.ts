import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What an earlier start has kept in a file of the data folder; undefined when there is none, or an empty one. */
export async function readKept(dataDir: string, file: string): Promise<string | undefined> {
  return (await readFile(join(dataDir, file), "utf8").catch(whenMissing))?.trim() || undefined;
}

/** Keeps a text in a file of the data folder, readable for its owner alone, whole or not at all. */
export async function keep(dataDir: string, file: string, text: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, file);
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${text}\n`, { mode: 0o600 });
  await rename(draft, path);
}

function whenMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
