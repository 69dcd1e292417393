import { LIMITS } from "@openticket/contract";

const LOCAL_PART = /^[^\s@<>()[\]\\,;:"\p{Cc}.]+(\.[^\s@<>()[\]\\,;:"\p{Cc}.]+)*$/u;
const DOMAIN_LABEL = /^[\p{L}\p{N}]([\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?$/u;

/**
 * True for an address that mail can be sent to: dot-atom local part of at most 64 bytes (RFC 5321 4.5.3.1.1, with
 * RFC 6531's letters of any script) and a domain of at least two labels. Quoted local parts and address literals are
 * legal in mail but not served.
 */
export function isEmailAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  const [local, labels] = [text.slice(0, at), text.slice(at + 1).split(".")];
  return (
    at > 0 &&
    text.length <= LIMITS.emailLength &&
    Buffer.byteLength(local) <= 64 &&
    LOCAL_PART.test(local) &&
    labels.length >= 2 &&
    labels.every((label) => DOMAIN_LABEL.test(label)) &&
    !/^\p{N}+$/u.test(labels.at(-1) ?? "")
  );
}
