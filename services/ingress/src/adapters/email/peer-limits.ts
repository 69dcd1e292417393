import { isIPv6 } from "node:net";

/** What one address may do; 0: as much as it likes. */
export interface PeerLimitOptions {
  /** Open at one time. */
  connections: number;
  connectionsPerMinute: number;
  messagesPerMinute: number;
  failedLoginsPerMinute: number;
}

/** Counts by address: IPv4 by the address, IPv6 by its network of 64 bits, which one sender has to himself. */
export interface PeerLimits {
  /** False when it may have no further one. */
  connect(ip: string): boolean;
  disconnect(ip: string): void;
  message(ip: string): boolean;
  failLogin(ip: string): void;
  mayLogIn(ip: string): boolean;
  /** Connections that are open now, of all addresses. */
  open(): number;
}

const WINDOW_MS = 60_000;
/** Addresses counted in one minute; when there are more, all are counted anew rather than held in memory. */
const MOST_COUNTED = 100_000;

/** Limits by address; those that `isExempt` are not counted. */
export function makePeerLimits(options: PeerLimitOptions, { isExempt, nowMs }: { isExempt(ip: string): boolean; nowMs(): number }): PeerLimits {
  const open = new Map<string, number>();
  let total = 0;
  const [connected, sent, failed] = [makeWindow(nowMs), makeWindow(nowMs), makeWindow(nowMs)];
  const isWithin = (count: number, most: number) => most === 0 || count <= most;
  return {
    connect(ip) {
      const peer = peerOf(ip);
      const count = (open.get(peer) ?? 0) + 1;
      if (!isExempt(ip) && !(isWithin(count, options.connections) && isWithin(connected.add(peer), options.connectionsPerMinute))) return false;
      open.set(peer, count);
      total++;
      return true;
    },
    disconnect(ip) {
      const peer = peerOf(ip);
      total--;
      const left = (open.get(peer) ?? 0) - 1;
      if (left > 0) open.set(peer, left);
      else open.delete(peer);
    },
    message: (ip) => isExempt(ip) || isWithin(sent.add(peerOf(ip)), options.messagesPerMinute),
    failLogin: (ip) => void failed.add(peerOf(ip)),
    mayLogIn: (ip) => isWithin(failed.count(peerOf(ip)) + 1, options.failedLoginsPerMinute),
    open: () => total,
  };
}

function makeWindow(nowMs: () => number): { add(peer: string): number; count(peer: string): number } {
  let counts = new Map<string, number>();
  let beganAtMs = nowMs();
  function current(): Map<string, number> {
    if (nowMs() - beganAtMs >= WINDOW_MS || counts.size >= MOST_COUNTED) {
      counts = new Map();
      beganAtMs = nowMs();
    }
    return counts;
  }
  return {
    add(peer) {
      const count = (current().get(peer) ?? 0) + 1;
      counts.set(peer, count);
      return count;
    },
    count: (peer) => current().get(peer) ?? 0,
  };
}

/** Source: RFC 4291, the interface identifier is the last 64 bits. */
function peerOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = "", tail] = ip.split("%")[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => "0");
  return [...groups, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":");
}
