import { randomBytes } from "node:crypto";
import { keep, readKept } from "./kept-texts.ts";

/** Random bytes of a generated secret, and of a key that seals secrets. */
const SECRET_BYTES = 24;
const KEY_BYTES = 32;
const CREDENTIALS_FILE = "api-credentials";
const KEY_FILE = "secrets-key";

/**
 * The API credentials of a standalone start, `identifier:secret[,…]`: those given, else those that an earlier start has
 * kept in `dataDir`, else new ones, kept there readable for their owner alone.
 */
export function ensureCredentials(given: string | undefined, dataDir: string): Promise<string> {
  return ensure(given, dataDir, CREDENTIALS_FILE, () => `openticket:${randomBytes(SECRET_BYTES).toString("base64url")}`);
}

/** The key that the secrets of webhooks are sealed with, in the same way. Without its file they cannot be opened any more. */
export function ensureSecretsKey(given: string | undefined, dataDir: string): Promise<string> {
  return ensure(given, dataDir, KEY_FILE, () => randomBytes(KEY_BYTES).toString("base64"));
}

async function ensure(given: string | undefined, dataDir: string, file: string, make: () => string): Promise<string> {
  if (given) return given;
  const kept = await readKept(dataDir, file);
  if (kept) return kept;
  const made = make();
  await keep(dataDir, file, made);
  return made;
}
