import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/**
 * Seals secrets that have to be had again in clear, such as those that signatures are made with.
 *
 * Problem: they stand in the database, and whoever reads that must not be able to sign as our partners do. Choice:
 * AES-256-GCM under keys of the environment, never in the database. The first key seals and all of them open, so that a
 * key can be changed: put the new one first, and take the old one away when nothing is sealed by it any more. A sealed
 * text names its key by a part of a hash, so that a missing key is told from a damaged text.
 * Form: `v1.KEY.NONCE.BYTES`, the last two in base64url, the bytes with their tag of 16 bytes at the end.
 */
export interface SecretBox {
  /** Throws {@link SecretsLocked} without a key. */
  seal(secret: string): string;
  /** Throws {@link SecretsLocked} when no key opens it. */
  open(sealed: string): string;
}

/** Secrets cannot be had: there is no key, or another one than they were sealed with. The message holds no secret. */
export class SecretsLocked extends Error {
  override name = "SecretsLocked";
}

const VERSION = "v1";
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Characters of a key's name. */
const NAME_LENGTH = 8;

/** What is wrong with the text of keys, base64 of 32 bytes each and commas between them; undefined when it is right. */
export function secretKeysFault(keys: string): string | undefined {
  const isSound = (key: string) => /^[A-Za-z0-9+/]{43}=$/.test(key);
  const wrong = keys.split(",").findIndex((key) => !isSound(key.trim()));
  return wrong === -1
    ? undefined
    : `expected base64 of ${KEY_BYTES} bytes, several separated by commas; the ${wrong + 1}. one is not (openssl rand -base64 32 makes one)`;
}

/** A box for these keys; without keys it neither seals nor opens. Throws for keys that are none, without repeating them. */
export function makeSecretBox(keys: string | undefined): SecretBox {
  const fault = keys === undefined ? undefined : secretKeysFault(keys);
  if (fault) throw new SecretsLocked(`SECRETS_KEY: ${fault}`);
  const known = new Map(keys?.split(",").map((key) => named(Buffer.from(key.trim(), "base64"))));
  const [first] = known;
  return {
    seal(secret) {
      if (!first) throw new SecretsLocked("SECRETS_KEY is not set: no secret can be kept");
      const [name, key] = first;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce);
      const bytes = Buffer.concat([cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return [VERSION, name, nonce.toString("base64url"), bytes.toString("base64url")].join(".");
    },
    open(sealed) {
      const [version, name = "", nonce = "", bytes = ""] = sealed.split(".");
      if (version !== VERSION) throw new SecretsLocked("a secret is not sealed in a way that this version knows");
      const key = known.get(name);
      if (!key)
        throw new SecretsLocked(
          known.size === 0 ? "SECRETS_KEY is not set: no secret can be opened" : `SECRETS_KEY lacks the key ${name}, which a secret is sealed with`,
        );
      return opened(key, Buffer.from(nonce, "base64url"), Buffer.from(bytes, "base64url"));
    },
  };
}

function named(key: Buffer): [string, Buffer] {
  return [createHash("sha256").update(key).digest("hex").slice(0, NAME_LENGTH), key];
}

function opened(key: Buffer, nonce: Buffer, bytes: Buffer): string {
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new SecretsLocked("a sealed secret is damaged", { cause });
  }
}
