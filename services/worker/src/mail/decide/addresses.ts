import { placeOfTag } from "@openticket/contract";
import type { UnderstoodMail } from "@openticket/mail";
import { isEmailAddress } from "../../pipeline/email-address.ts";

/** Local parts that no person reads, or that answer by themselves; never answered. */
const ROLES = new Set([
  "mailer-daemon",
  "postmaster",
  "no-reply",
  "noreply",
  "no_reply",
  "do-not-reply",
  "donotreply",
  "do_not_reply",
  "bounce",
  "bounces",
  "abuse",
  "auto-reply",
  "autoreply",
]);

/** True for an address such as `mailer-daemon@…` or `no-reply+x@…`. */
export function isRoleAddress(address: string): boolean {
  const local = address.slice(0, address.lastIndexOf("@")).toLowerCase();
  return ROLES.has(local.replace(/[+=].*$/, ""));
}

/** What stands behind the last `@`, in lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** The same spelling for the same address. */
export function plainAddress(address: string): string {
  return address.trim().toLowerCase();
}

/** The address with what stands behind a plus sign, if any. */
export function tagOf(address: string): string | undefined {
  const place = placeOfTag(address);
  return place && (address.slice(place.plus + 1, place.at) || undefined);
}

export interface Named {
  name: string;
  address: string;
}

/**
 * Whom the mail is from, as it says: From, else what else names somebody. `field` is where it stands. Undefined when
 * nothing in it is an address that could be answered.
 */
export function authorOf(mail: UnderstoodMail, envelopeFrom: string | undefined): (Named & { field: string }) | undefined {
  const candidates: [field: string, Named | undefined][] = [
    ...mail.from.map((from): [string, Named] => ["From", from]),
    ["Sender", mail.sender],
    ...mail.replyTo.map((to): [string, Named] => ["Reply-To", to]),
    ["envelope sender", envelopeFrom === undefined ? undefined : { name: "", address: envelopeFrom }],
    ["Return-Path", mail.returnPath === undefined ? undefined : { name: "", address: mail.returnPath }],
  ];
  for (const [field, named] of candidates) {
    if (named && isEmailAddress(named.address.trim())) return { name: named.name.trim(), address: named.address.trim(), field };
  }
  return undefined;
}

/** The value of a header, the topmost of that name (lower case). */
export function headerOf({ headers }: UnderstoodMail, name: string): string | undefined {
  return headers.find(([given]) => given === name)?.[1];
}
