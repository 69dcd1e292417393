import { isIP } from "node:net";
import { makeNetworks } from "@openticket/runtime";

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

/** See {@link AddressRules}. Throws for a network that networkFault finds fault with. */
export function makeAddressRules(allowedNetworks: readonly string[]): AddressRules {
  const isAllowed = makeNetworks(allowedNetworks);
  return {
    judge(address) {
      const plain = plainAddress(address);
      if (plain === undefined) return "forbidden";
      if (isAllowed(plain)) return "allowed";
      if (isIP(plain) === 4) return isForbiddenIpv4(plain) ? "forbidden" : "public";
      return isGlobalIpv6(plain) && !isForbiddenIpv6(plain) ? "public" : "forbidden";
    },
  };
}

const isForbiddenIpv4 = makeNetworks(FORBIDDEN_IPV4);
const isGlobalIpv6 = makeNetworks(GLOBAL_IPV6);
const isForbiddenIpv6 = makeNetworks(FORBIDDEN_IPV6);

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
