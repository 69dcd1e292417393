import { createHmac } from "node:crypto";

/** Hash functions that providers sign with. */
export const ALGORITHMS = ["sha1", "sha256", "sha512"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** HMAC over the parts, one behind the other, exactly as they are. */
export function hmac(algorithm: Algorithm, key: string | Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}
