import { createHmac } from "node:crypto";

/**
 * Signatures of our calls, by Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, base64, behind `v1,`; one for
 * each secret, separated by blanks, so that a receiver that knows any of them is content.
 */

/** What the secret's text begins with; behind it the key is in base64. */
const SECRET_PREFIX = "whsec_";
/** Bytes of a key that we make; the specification wants 24 to 64. */
export const SECRET_BYTES = 32;

/** The headers of one try. `secrets`: as {@link secretOf} writes them, at least one. */
export function signedHeaders(secrets: readonly string[], { id, at, body }: { id: string; at: Date; body: string }): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map((secret) => `v1,${createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")}`);
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

/** The text of a secret, as its owner puts it into a verifying library. */
export function secretOf(key: Buffer): string {
  return `${SECRET_PREFIX}${key.toString("base64")}`;
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
}
