import { BlockList, isIP } from "node:net";

/** What is wrong with an address or CIDR range, or undefined. */
export function rangeFault(range: string): string | undefined {
  const [address = "", bits] = range.split("/");
  const family = isIP(address);
  const isSound = family !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
  return isSound ? undefined : `expected an address or CIDR range such as 192.0.2.0/24 or 2001:db8::/32, got "${range}"`;
}

/** A test for addresses against exact addresses and CIDR ranges. IPv4 in IPv6 (`::ffff:192.0.2.1`) counts as IPv4. */
export function makeAllowList(ranges: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    if (bits !== undefined) list.addSubnet(address, Number(bits), family);
  }
  return (ip) => {
    const plain = plainAddress(ip);
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
  };
}

/** The address without the IPv6 wrapping of an IPv4 one. */
export function plainAddress(ip: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;
}
