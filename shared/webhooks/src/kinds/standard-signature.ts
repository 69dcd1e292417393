import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { isOneOf } from "@openticket/runtime";
import type { Verdict, WebhookCall } from "../source-kind.ts";
import { hmac } from "./hmac.ts";
import { unauthenticated, VERIFIED } from "./refusals.ts";
import { instantOf, staleness } from "./timestamps.ts";

/**
 * Signatures of Standard Webhooks 1.0.0: over `id.timestamp.body`, in a list with spaces of which one match is enough and
 * unknown schemes are skipped. `v1` is HMAC-SHA256 under the base64-decoded `whsec_`, `v1a` ed25519 under `whpk_`.
 */
const PUBLIC = "whpk_";
const PRIVATE = "whsk_";
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** A public ed25519 key, bytes, and what stands before it in its DER form (RFC 8410). */
const ED25519_BYTES = 32;
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** Signatures in one header; one for each key that is valid while they are changed. */
const MAX_SIGNATURES = 20;

/** Verifies a call that is signed so, under one of the secrets. */
export function verifyStandard(call: WebhookCall, secrets: readonly string[], toleranceSeconds: number): Verdict {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = call.headers;
  if (!id || !timestamp || !signatures) return unauthenticated("webhook-id, webhook-timestamp or webhook-signature is missing");
  const signedAt = instantOf(timestamp);
  if (!signedAt) return unauthenticated("webhook-timestamp is not a time in whole seconds");
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), call.body]);
  const given = signatures.split(" ").slice(0, MAX_SIGNATURES).map(parted);
  const isSigned = secrets.map((secret) => (secret.startsWith(PUBLIC) ? isSignedBy(secret, signed, given) : isMadeWith(secret, signed, given))).includes(true);
  if (!isSigned) return unauthenticated("no signature matches");
  return staleness(signedAt, call.receivedAt, toleranceSeconds) ?? VERIFIED;
}

/** What is wrong with a secret, `whsec_` or `whpk_` and base64, the first also without its prefix. */
export function standardFault(secret: string): string | undefined {
  if (secret.startsWith(PRIVATE)) return "this is the private key, which stays with the sender; its public key starts with whpk_";
  const isPublic = secret.startsWith(PUBLIC);
  const key = withoutPrefix(secret);
  const isSound = BASE64.test(key) && (!isPublic || Buffer.from(key, "base64").length === ED25519_BYTES);
  if (isSound) return undefined;
  return isPublic ? `expected whpk_ and base64 of ${ED25519_BYTES} bytes` : "expected whsec_ or whpk_ and base64";
}

interface Signature {
  scheme: string;
  value: string;
}

function parted(signature: string): Signature {
  const comma = signature.indexOf(",");
  return { scheme: signature.slice(0, Math.max(0, comma)), value: signature.slice(comma + 1) };
}

function isMadeWith(secret: string, signed: Buffer, given: readonly Signature[]): boolean {
  const expected = hmac("sha256", Buffer.from(withoutPrefix(secret), "base64"), signed).toString("base64");
  return isOneOf(
    expected,
    given.flatMap(({ scheme, value }) => (scheme === "v1" ? value : [])),
  );
}

function isSignedBy(secret: string, signed: Buffer, given: readonly Signature[]): boolean {
  const key = publicKey(secret);
  return given.some(({ scheme, value }) => scheme === "v1a" && BASE64.test(value) && verify(null, signed, key, Buffer.from(value, "base64")));
}

function publicKey(secret: string): KeyObject {
  const der = Buffer.concat([ED25519_PREFIX, Buffer.from(withoutPrefix(secret), "base64")]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

function withoutPrefix(secret: string): string {
  return secret.replace(/^(whsec_|whpk_)/, "");
}
