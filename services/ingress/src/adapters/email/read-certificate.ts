import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigError, messageOf } from "@openticket/runtime";

/** Reads certificate and key, and tries whether they fit; undefined when neither is given. Throws {@link ConfigError}. */
export async function readCertificate(files: { cert: string | undefined; key: string | undefined }): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (files.cert === undefined && files.key === undefined) return undefined;
  if (files.cert === undefined || files.key === undefined)
    throw new ConfigError("The configuration is wrong:\n  SMTP_TLS_CERT: expected together with SMTP_TLS_KEY");
  const [cert, key] = await Promise.all([readPem("SMTP_TLS_CERT", files.cert), readPem("SMTP_TLS_KEY", files.key)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new ConfigError(`The configuration is wrong:\n  SMTP_TLS_CERT: not a certificate that fits the key: ${messageOf(cause)}`, { cause });
  }
  return { cert, key };
}

async function readPem(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ConfigError(`The configuration is wrong:\n  ${setting}: ${path} cannot be read`, { cause });
  }
}
