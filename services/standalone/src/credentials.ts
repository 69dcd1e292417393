import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Random bytes of a generated secret. */
const SECRET_BYTES = 24;
const FILE = "api-credentials";

/**
 * The API credentials of a standalone start, `identifier:secret[,…]`: those given, else those that an earlier start has
 * kept in `dataDir`, else new ones, kept there readable for their owner alone.
 */
export async function ensureCredentials(given: string | undefined, dataDir: string): Promise<string> {
  if (given) return given;
  const path = join(dataDir, FILE);
  const kept = await readFile(path, "utf8").catch(whenMissing);
  if (kept?.trim()) return kept.trim();
  const made = `openticket:${randomBytes(SECRET_BYTES).toString("base64url")}`;
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${made}\n`, { mode: 0o600 });
  await rename(draft, path);
  return made;
}

function whenMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
