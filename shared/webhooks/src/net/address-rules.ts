import { BlockList, isIP } from "node:net";

/**
 * Which addresses we connect to on somebody's word: those of the public internet, and those that the operator allows.
 * An IPv6 address that stands for an IPv4 one (mapped, or NAT64's 64:ff9b::/96) is judged as that one.
 * Ranges: IANA's special-purpose registries for IPv4 and IPv6, and the wire server of one cloud, whose address is public.
 */
export interface AddressRules {
  /** `allowed`: of a network that the operator allows. */
  judge(address: string): "public" | "allowed" | "forbidden";
}

const FORBIDDEN_IPV4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["168.63.129.16/32", "224.0.0.0/4", "240.0.0.0/4"],
];
/** Of IPv6 only this much is given out as global unicast. */
const GLOBAL_IPV6 = ["2000::/3"];
/** And of that not: protocol assignments with Teredo and ORCHID, documentation, 6to4. */
const FORBIDDEN_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** Groups of 16 bits in front of an IPv4 address: mapped, and NAT64. */
const IPV4_INSIDE = ["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"];

/** What is wrong with an address or CIDR range, or undefined. */
export function networkFault(network: string): string | undefined {
  const [address = "", bits, ...rest] = network.split("/");
  const family = isIP(address);
  const isSound = family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
  return isSound ? undefined : `expected an address or CIDR range such as 10.1.0.0/16 or fd00:1::/64, got "${network}"`;
}

/** See {@link AddressRules}. Throws for a network that {@link networkFault} finds fault with. */
export function makeAddressRules(allowedNetworks: readonly string[]): AddressRules {
  const allowed = networks(allowedNetworks);
  return {
    judge(address) {
      const plain = plainAddress(address);
      if (plain === undefined) return "forbidden";
      const family = isIP(plain) === 6 ? "ipv6" : "ipv4";
      if (allowed.check(plain, family)) return "allowed";
      if (family === "ipv4") return forbiddenIpv4.check(plain) ? "forbidden" : "public";
      return globalIpv6.check(plain, family) && !forbiddenIpv6.check(plain, family) ? "public" : "forbidden";
    },
  };
}

function networks(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const fault = networkFault(range);
    if (fault !== undefined) throw new RangeError(fault);
    const [address = "", bits] = range.split("/");
    const isLong = isIP(address) === 6;
    list.addSubnet(address, Number(bits ?? (isLong ? 128 : 32)), isLong ? "ipv6" : "ipv4");
  }
  return list;
}

const forbiddenIpv4 = networks(FORBIDDEN_IPV4);
const globalIpv6 = networks(GLOBAL_IPV6);
const forbiddenIpv6 = networks(FORBIDDEN_IPV6);

/** The address as it is judged; undefined for what is none, or names an interface of this machine. */
function plainAddress(address: string): string | undefined {
  const family = isIP(address);
  if (family !== 6) return family === 4 ? address : undefined;
  const groups = groupsOf(address);
  if (groups === undefined) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  const front = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(":");
  return IPV4_INSIDE.includes(front) ? [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".") : address;
}

/** The eight groups of an IPv6 address, undefined with a zone. */
function groupsOf(address: string): number[] | undefined {
  const url = `http://[${address}]`;
  if (!URL.canParse(url)) return undefined;
  const [left = "", right] = new URL(url).hostname.slice(1, -1).split("::");
  const read = (side: string) => (side === "" ? [] : side.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [read(left), read(right ?? "")];
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}
