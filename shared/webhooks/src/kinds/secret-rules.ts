import { randomBytes } from "node:crypto";
import type { SecretRules } from "../source-kind.ts";

/** Random bytes of a secret that we make. */
const SECRET_BYTES = 32;
/** Longest secret, in characters. */
const MAX_SECRET = 2000;
/** The same of a `user:password` that stands in a URL. */
const MAX_CREDENTIALS = 500;

/** A secret that is any text without line ends and spaces around it; the provider chooses it. */
export const TEXT_SECRET: SecretRules<unknown> = { isNeeded: () => true, faultOf: textFault };
/** The same, where whoever sets up the source may choose it. */
export const CHOSEN_SECRET: SecretRules<unknown> = { ...TEXT_SECRET, generate: () => randomText() };

/** What is wrong with a secret that may be any text. */
export function textFault(secret: string): string | undefined {
  if (secret === "" || secret.length > MAX_SECRET) return `expected 1 to ${MAX_SECRET} characters`;
  return secret.trim() === secret && !/[\r\n\0]/.test(secret) ? undefined : "expected no line ends, and no spaces around it";
}

/** Of a source whose setting says whether its secret is `user:password`, or any text; `user` of one that we make. */
export function authorizationSecret(user: string): Required<SecretRules<{ authentication: string }>> {
  return {
    isNeeded: () => true,
    faultOf: (secret, { authentication }) => (authentication === "basic" ? basicFault(secret) : textFault(secret)),
    generate: ({ authentication }) => (authentication === "basic" ? `${user}:${randomText()}` : randomText()),
  };
}

function basicFault(secret: string): string | undefined {
  return textFault(secret) ?? (/^[^:]+:./.test(secret) ? undefined : "expected user:password");
}

/** What is wrong with a secret that is to be the user and password of a URL. */
export function faultOfCredentials(secret: string): string | undefined {
  const isUsable = secret.length <= MAX_CREDENTIALS && /^[!-9;-~]+:[!-~]+$/.test(secret);
  return isUsable ? undefined : "expected user:password in printable ASCII without spaces, a password that nobody guesses";
}

/** New ones; both parts can stand in a URL as they are. */
export function newCredentials(): string {
  return `openticket:${randomText()}`;
}

/** A new secret of letters, digits, `-` and `_`. */
export function randomText(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** A new secret as Standard Webhooks writes one. */
export function randomWhsec(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}
