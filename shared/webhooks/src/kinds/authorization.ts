import { isOneOf } from "@openticket/runtime";
import type { CallHead, Verdict } from "../source-kind.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";

/** Verifies the header `Authorization`: a bearer's token, or `user:password` of basic authentication, is one of the secrets. */
export function verifyAuthorization({ headers: { authorization } }: CallHead, scheme: "bearer" | "basic", secrets: readonly string[]): Verdict {
  if (scheme === "basic") return hasCredentials(authorization, secrets) ? VERIFIED : unauthenticated("user and password are missing or wrong");
  const token = /^bearer +(.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) return unauthenticated("there is no Authorization by bearer");
  return isOneOf(token, secrets) ? VERIFIED : unauthenticated("the token is wrong");
}

/** Whether an Authorization header (RFC 7617) has one of these `user:password`. */
export function hasCredentials(authorization: string | undefined, secrets: readonly string[]): boolean {
  const encoded = /^basic +([a-z0-9+/]+={0,2}) *$/i.exec(authorization ?? "")?.[1];
  return encoded !== undefined && isOneOf(Buffer.from(encoded, "base64"), secrets);
}
