import { execFileSync } from "node:child_process";
import { createSign, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, both PEM. */
export interface Issued {
  certificate: string;
  key: string;
}

interface Wanted {
  name: string;
  /** Unset: signed by itself. */
  issuer?: Issued;
  /** Lines of OpenSSL's extensions. */
  extensions?: string[];
  type?: "rsa" | "ec";
}

export const CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE"];

/** Makes a certificate with OpenSSL, valid from now for 30 days. */
export function issue({ name, issuer, extensions = [], type = "rsa" }: Wanted): Issued {
  const folder = mkdtempSync(join(tmpdir(), "openticket-ca-"));
  const path = (file: string) => join(folder, file);
  const pair = type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  try {
    writeFileSync(path("key"), key);
    writeFileSync(path("extensions"), extensions.join("\n"));
    openssl("req", "-new", "-key", path("key"), "-subj", `/CN=${name}`, "-out", path("request"));
    if (issuer !== undefined) writeFileSync(path("ca"), issuer.certificate);
    if (issuer !== undefined) writeFileSync(path("ca-key"), issuer.key);
    const by = issuer === undefined ? ["-signkey", path("key")] : ["-CA", path("ca"), "-CAkey", path("ca-key"), "-CAcreateserial"];
    openssl("x509", "-req", "-sha256", "-days", "30", "-in", path("request"), "-extfile", path("extensions"), "-out", path("certificate"), ...by);
    return { certificate: readFileSync(path("certificate"), "utf8"), key };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const derOf = ({ certificate }: Issued): Buffer => new X509Certificate(certificate).raw;

const SIGNED_FIELDS = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

/** A message as SNS posts it, signed by the rule of AWS's documentation: listed fields, a name and a value a line. */
export function snsSigned(
  fields: { Type: keyof typeof SIGNED_FIELDS; [name: string]: string },
  { key }: Issued,
  version: "1" | "2" = "2",
): Record<string, string> {
  const signer = createSign(version === "1" ? "RSA-SHA1" : "RSA-SHA256");
  for (const name of SIGNED_FIELDS[fields.Type]) if (name in fields) signer.update(`${name}\n${fields[name]}\n`);
  return { ...fields, SignatureVersion: version, Signature: signer.sign(key, "base64") };
}
