import { parameter } from "./mime/parameters.ts";
import type { Part } from "./mime/part.ts";
import type { UnderstoodMail } from "./understood-mail.ts";

const SMIME = /^application\/(?:x-)?pkcs7-mime$/;

/** How a message is signed or encrypted: by the type of its outermost part, or by PGP's own lines in its text. */
export function protectionOf({ type, contentType }: Part, text: string): UnderstoodMail["protection"] {
  const protocol = parameter(contentType, "protocol")?.toLowerCase() ?? "";
  if (type === "multipart/encrypted") return protocol.includes("pkcs7") ? "smime-encrypted" : "pgp-encrypted";
  if (type === "multipart/signed") return protocol.includes("pkcs7") ? "smime-signed" : "pgp-signed";
  if (SMIME.test(type)) return parameter(contentType, "smime-type")?.toLowerCase() === "signed-data" ? "smime-signed" : "smime-encrypted";
  const beginning = text.slice(0, 1000);
  if (/^-----BEGIN PGP MESSAGE-----$/m.test(beginning)) return "pgp-encrypted";
  return /^-----BEGIN PGP SIGNED MESSAGE-----$/m.test(beginning) ? "pgp-signed" : undefined;
}
