import { BlockList, isIP } from "node:net";

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`. */
export function isAddressRange(text: string): boolean {
  return rangeOf(text) !== undefined;
}

/** Whether an address is one of these ranges; an IPv4 address inside IPv6 (`::ffff:192.0.2.1`) counts as what it is. */
export function isAllowed(ip: string, ranges: readonly string[]): boolean {
  const address = ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  const family = familyOf(address);
  if (family === undefined) return false;
  const list = new BlockList();
  for (const range of ranges.map(rangeOf)) if (range !== undefined) list.addSubnet(range.address, range.bits, range.family);
  return list.check(address, family);
}

const BITS = { ipv4: 32, ipv6: 128 };

function rangeOf(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const [address = "", bits, ...more] = text.split("/");
  const family = familyOf(address);
  if (family === undefined || more.length > 0) return undefined;
  if (bits === undefined) return { address, bits: BITS[family], family };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family] ? { address, bits: Number(bits), family } : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 0 || address.includes("%") ? undefined : version === 4 ? "ipv4" : "ipv6";
}
