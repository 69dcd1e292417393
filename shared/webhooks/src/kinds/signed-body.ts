import { isOneOf } from "@openticket/runtime";
import type { Verdict, WebhookCall } from "../source-kind.ts";
import { type Algorithm, hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { instantOf, staleness } from "./timestamps.ts";

/** How a body is signed by HMAC: over itself, or over a time, a separator and itself. Names of headers in lower case. */
export interface SignedBody {
  signatureHeader: string;
  timestampHeader?: string | undefined;
  timestampSeparator: string;
  toleranceSeconds: number;
  algorithm: Algorithm;
  encoding: "hex" | "base64";
  /** What stands before the signature in its header, such as `sha256=`. */
  prefix: string;
}

/** Verifies a body that is signed so, with the text of one of the secrets as its key. */
export function verifySignedBody({ headers, body, receivedAt }: WebhookCall, how: SignedBody, secrets: readonly string[]): Verdict {
  const given = headers[how.signatureHeader];
  if (!given?.startsWith(how.prefix)) return unauthenticated(`${how.signatureHeader} is missing, or does not start with "${how.prefix}"`);
  const timestamp = how.timestampHeader === undefined ? undefined : (headers[how.timestampHeader] ?? "");
  const signedAt = timestamp === undefined ? undefined : instantOf(timestamp);
  if (timestamp !== undefined && !signedAt) return unauthenticated(`${how.timestampHeader} is missing, or is not a time in whole seconds`);
  const before = timestamp === undefined ? "" : `${timestamp}${how.timestampSeparator}`;
  const expected = secrets.map((secret) => hmac(how.algorithm, secret, before, body).toString(how.encoding));
  const signature = given.slice(how.prefix.length);
  if (!isOneOf(how.encoding === "hex" ? signature.toLowerCase() : signature, expected)) return unauthenticated("the signature does not match");
  return (signedAt && staleness(signedAt, receivedAt, how.toleranceSeconds)) ?? VERIFIED;
}
