import { randomBytes } from "node:crypto";
import { isOneOf } from "./compare.ts";

/** Longest `user:password` that is accepted, characters. */
const MAX_LENGTH = 500;

/** What is wrong with a secret that is to be the user and password of a URL. */
export function faultOfCredentials(secret: string): string | undefined {
  const isUsable = secret.length <= MAX_LENGTH && /^[!-9;-~]+:[!-~]+$/.test(secret);
  return isUsable ? undefined : "expected user:password in printable ASCII without spaces, a password that nobody guesses";
}

/** Bytes of chance in a new password: nobody guesses it. */
const PASSWORD_BYTES = 24;

/** New ones; both parts can stand in a URL as they are. */
export function newCredentials(): string {
  return `openticket:${randomBytes(PASSWORD_BYTES).toString("base64url")}`;
}

/** Whether an Authorization header (RFC 7617) has one of these `user:password`. */
export function hasCredentials(authorization: string | undefined, secrets: readonly string[]): boolean {
  const encoded = /^basic +([a-z0-9+/]+={0,2}) *$/i.exec(authorization ?? "")?.[1];
  return encoded !== undefined && isOneOf(Buffer.from(encoded, "base64"), secrets);
}
