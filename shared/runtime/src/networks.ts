import { BlockList, isIP } from "node:net";

/** Networks: single addresses and CIDR ranges, such as `192.0.2.1`, `192.0.2.0/24` and `2001:db8::/32`. */

/** What is wrong with a network, or undefined. */
export function networkFault(network: string): string | undefined {
  const [address = "", bits, ...more] = network.split("/");
  const family = isIP(address);
  const isSound = family !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
  return isSound ? undefined : `expected an address or CIDR range such as 192.0.2.0/24 or 2001:db8::/32, got "${network}"`;
}

/**
 * A test whether an address is in one of these networks; a text that is no address is in none. An IPv4 address inside IPv6
 * (`::ffff:192.0.2.1`), as a listener on IPv6 names its peers, counts as IPv4. Throws for a network that has a fault.
 */
export function makeNetworks(networks: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const fault = networkFault(network);
    if (fault !== undefined) throw new RangeError(fault);
    const [address = "", bits] = network.split("/");
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (ip) => {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
