import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { StartFailure } from "./databases/start-failure.ts";
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

/**
 * The key that the secrets of webhooks are sealed with, in the same way. A new one opens none of those that are there: throws
 * {@link StartFailure} rather than make one beside them.
 */
export function ensureSecretsKey(given: string | undefined, dataDir: string, holdsSecrets: () => Promise<boolean>): Promise<string> {
  return ensure(given, dataDir, KEY_FILE, async () => {
    if (await holdsSecrets()) throw new StartFailure(lostKey(join(dataDir, KEY_FILE)));
    return randomBytes(KEY_BYTES).toString("base64");
  });
}

function lostKey(path: string): string {
  const wayOut = "to that key, or where it is lost to a new one (openssl rand -base64 32), and give each source and endpoint a new secret";
  return `MongoDB holds secrets of webhooks that are sealed with a key, and ${path} is missing; put it back, or set SECRETS_KEY: ${wayOut}`;
}

async function ensure(given: string | undefined, dataDir: string, file: string, make: () => string | Promise<string>): Promise<string> {
  if (given) return given;
  const kept = await readKept(dataDir, file);
  if (kept) return kept;
  const made = await make();
  await keep(dataDir, file, made);
  return made;
}
