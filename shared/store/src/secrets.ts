import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from "node:crypto";
import { COLLECTIONS, type StoreConnection } from "./connect.ts";

/**
 * Secrets at rest.
 *
 * Stored as `scrypt$<cost>$<salt>$<hash>`. Scrypt costs milliseconds on purpose, which a door cannot pay for each call:
 * that a secret was right is remembered, for a bounded number of pairs, under a key that only this process has. Wrong ones
 * are not: whoever guesses would push out the right ones.
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

/** Whether the secret is the one that was hashed; false for a hash that is none. Compares in constant time. */
export const verifySecret: Verify = rememberRight(verifyNow, REMEMBERED);

type Verify = (stored: string, presented: string) => Promise<boolean>;

/** The same answers; of right ones so many are known without asking again, and what is being asked is asked once. */
export function rememberRight(verify: Verify, remembered: number): Verify {
  const memoKey = randomBytes(32);
  const right = new Set<string>();
  const underWay = new Map<string, Promise<boolean>>();

  function note(name: string, isRight: boolean): boolean {
    if (isRight) right.add(name);
    const [oldest] = right;
    if (right.size > remembered && oldest !== undefined) right.delete(oldest);
    return isRight;
  }

  return (stored, presented) => {
    const name = createHmac("sha256", memoKey).update(`${stored}\0${presented}`).digest("base64");
    if (right.has(name)) return Promise.resolve(true);
    const asked = underWay.get(name);
    if (asked) return asked;
    const answer = verify(stored, presented)
      .then((isRight) => note(name, isRight))
      .finally(() => underWay.delete(name));
    underWay.set(name, answer);
    return answer;
  };
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
