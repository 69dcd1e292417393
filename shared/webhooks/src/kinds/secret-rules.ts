import { randomBytes } from "node:crypto";
import type { SecretRules } from "../source-kind.ts";

/** Random bytes of a secret that we make. */
const SECRET_BYTES = 32;
/** Longest secret, in characters. */
const MAX_SECRET = 2000;

/** A secret that is any text without line ends and spaces around it; the provider chooses it. */
export const TEXT_SECRET: SecretRules<unknown> = { isNeeded: () => true, faultOf: textFault };
/** The same, where whoever sets up the source may choose it. */
export const CHOSEN_SECRET: SecretRules<unknown> = { ...TEXT_SECRET, generate: () => randomText() };

/** What is wrong with a secret that may be any text. */
export function textFault(secret: string): string | undefined {
  if (secret === "" || secret.length > MAX_SECRET) return `expected 1 to ${MAX_SECRET} characters`;
  return secret.trim() === secret && !/[\r\n\0]/.test(secret) ? undefined : "expected no line ends, and no spaces around it";
}

/** What is wrong with `user:password` of basic authentication. */
export function basicFault(secret: string): string | undefined {
  return textFault(secret) ?? (/^[^:]+:./.test(secret) ? undefined : "expected user:password");
}

/** A new secret of letters, digits, `-` and `_`. */
export function randomText(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** A new secret as Standard Webhooks writes one. */
export function randomWhsec(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}
