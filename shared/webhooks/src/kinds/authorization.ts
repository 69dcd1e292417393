import type { Verdict, WebhookCall } from "../source-kind.ts";
import { isOneOf } from "./compare.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";

/** Verifies the header `Authorization`: a bearer's token, or `user:password` of basic authentication, is one of the secrets. */
export function verifyAuthorization({ headers }: WebhookCall, scheme: "bearer" | "basic", secrets: readonly string[]): Verdict {
  const [, given = "", value = ""] = /^(\S+) +(.+)$/.exec(headers.authorization ?? "") ?? [];
  if (given.toLowerCase() !== scheme) return unauthenticated(`there is no Authorization by ${scheme}`);
  const presented = scheme === "bearer" ? value : Buffer.from(value, "base64");
  return isOneOf(presented, secrets) ? VERIFIED : unauthenticated(scheme === "bearer" ? "the token is wrong" : "user or password is wrong");
}
