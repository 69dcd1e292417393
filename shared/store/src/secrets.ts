import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from "node:crypto";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/**
 * Secrets at rest.
 *
 * Stored as `scrypt$<cost>$<salt>$<hash>`. Scrypt costs milliseconds on purpose, which a door cannot pay for each call:
 * answers are remembered, for a bounded number of pairs, under a key that only this process has.
 */
const COST = 4096;
const HASH_BYTES = 32;
const REMEMBERED = 2000;

/** Hashes a secret for storing. Takes milliseconds. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(secret, salt, HASH_BYTES, { N: COST });
  return `scrypt$${COST}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

const memoKey = randomBytes(32);
const memo = new Map<string, Promise<boolean>>();

/** Whether the secret is the one that was hashed; false for a hash that is none. Compares in constant time. */
export function verifySecret(stored: string, presented: string): Promise<boolean> {
  const name = createHmac("sha256", memoKey).update(`${stored}\0${presented}`).digest("base64");
  const remembered = memo.get(name);
  if (remembered) return remembered;
  const answer = verifyNow(stored, presented);
  memo.set(name, answer);
  const [oldest] = memo.keys();
  if (memo.size > REMEMBERED && oldest !== undefined) memo.delete(oldest);
  return answer;
}

async function verifyNow(stored: string, presented: string): Promise<boolean> {
  const [scheme, cost, salt, hash] = stored.split("$");
  if (scheme !== "scrypt" || !cost || !salt || !hash) return false;
  const expected = Buffer.from(hash, "base64url");
  const actual = await new Promise<Buffer>((resolve, reject) => {
    scrypt(presented, Buffer.from(salt, "base64url"), expected.length, { N: Number(cost) }, (error, key) => (error ? reject(error) : resolve(key)));
  });
  return timingSafeEqual(expected, actual);
}

/** A secret that all processes of an installation share: made once, then kept in the store under its name. */
export async function ensureSecret(store: StoreConnection, name: string, make: () => string): Promise<string> {
  const secrets = store.db.collection<{ _id: string; value: string }>(COLLECTIONS.secrets);
  const kept = await secrets.findOne({ _id: name });
  if (kept) return kept.value;
  await secrets.updateOne({ _id: name }, { $setOnInsert: { value: make() } }, { upsert: true }).catch(async (error) => {
    if (!(await secrets.findOne({ _id: name }))) throw error;
  });
  const made = await secrets.findOne({ _id: name });
  if (!made) throw new Error(`the secret ${name} could not be kept`);
  return made.value;
}
