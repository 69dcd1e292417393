import { getDomain } from "tldts";

/** Two domains of one owner: the same organisational domain (RFC 7489, 3.1), by the public suffix list. */
export function isAlignedWith(domain: string, other: string, { isStrict = false } = {}): boolean {
  const [a, b] = [plain(domain), plain(other)];
  if (a === "" || b === "") return false;
  return a === b || (!isStrict && organisationOf(a) === organisationOf(b));
}

function organisationOf(domain: string): string {
  return getDomain(domain, { allowPrivateDomains: true }) ?? domain;
}

function plain(domain: string): string {
  return domain.trim().toLowerCase().replace(/\.$/, "");
}
