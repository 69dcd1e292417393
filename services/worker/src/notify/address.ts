import { domainToASCII } from "node:url";
import { cleanLine } from "./clean-text.ts";

/** A name and an address that are safe in a header. */
export interface MailAddress {
  name: string;
  address: string;
}

/** Longest address of RFC 5321, and longest name that we show, in characters. */
const MAX_ADDRESS = 254;
const MAX_NAME = 150;
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/**
 * The address with its domain in ASCII when mail can be sent to it without any quoting, else undefined.
 * Stricter than RFC 5321 on purpose: no quoted local part, no comment, no route, no address literal, so that nothing in
 * it can be read as a second address. Single-label domains pass: an operator's own host may be one.
 */
export function sendableAddress(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), domainToASCII(text.slice(at + 1))];
  const isSendable = at > 0 && text.length <= MAX_ADDRESS && LOCAL_PART.test(local) && domain.length <= 253 && DOMAIN.test(domain);
  return isSendable ? `${local}@${domain}` : undefined;
}

/** `Name <address>` or a bare address, else undefined. */
export function parseMailAddress(text: string): MailAddress | undefined {
  const [, quoted = "", bracketed, bare] = /^\s*(?:([^<>]*)<([^<>\s]+)>|([^<>\s]+))\s*$/.exec(text) ?? [];
  const address = sendableAddress(bracketed ?? bare ?? "");
  return address === undefined ? undefined : { name: displayName(quoted.trim().replace(/^"(.*)"$/, "$1")), address };
}

/** A name that is safe to show. */
export function displayName(name: string): string {
  return cleanLine(name, MAX_NAME);
}
