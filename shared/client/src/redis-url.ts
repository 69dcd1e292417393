/**
 * How a Redis is named in one URL: a single server, one that Sentinels watch, or a cluster.
 *
 * | form | meaning |
 * |---|---|
 * | `redis://user:password@host:6379/0` | one server |
 * | `redis+sentinel://user:password@host:26379,host:26379/mymaster` | the primary that these Sentinels name `mymaster` |
 * | `redis+cluster://user:password@host:6379,host:6379` | the cluster of which these are members |
 *
 * `rediss` instead of `redis` speaks TLS. User and password are those of the servers with the data; what a URL may not hold as
 * it is, and every "%", is percent-encoded.
 */
export type RedisPlace =
  | { kind: "server"; url: string }
  | { kind: "sentinel"; hosts: HostAndPort[]; primary: string; login: Login; isTls: boolean }
  | { kind: "cluster"; hosts: HostAndPort[]; login: Login; isTls: boolean };

export interface HostAndPort {
  host: string;
  port: number;
}

export interface Login {
  username?: string;
  password?: string;
}

/** What a Redis URL should look like, for messages. */
export const REDIS_URL_FORMS = "redis://host:6379, redis+sentinel://host:26379,host:26379/mymaster or redis+cluster://host:6379,host:6379 (rediss for TLS)";

const DEFAULT_PORTS = { sentinel: 26_379, cluster: 6379 };

/** Reads a URL of the forms above; undefined when it has none of them. */
export function readRedisUrl(url: string): RedisPlace | undefined {
  if (/^rediss?:\/\//.test(url)) return isServerUrl(url) ? { kind: "server", url } : undefined;
  const match = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^/?#@]+)(?:\/([^/?#]*))?$/.exec(url);
  if (!match) return undefined;
  const [, scheme, kind, userInfo = "", hostList = "", path = ""] = match;
  if (!isDecodable(userInfo) || !isDecodable(path)) return undefined;
  const shared = {
    hosts: hostsOf(hostList, kind === "sentinel" ? DEFAULT_PORTS.sentinel : DEFAULT_PORTS.cluster),
    login: loginOf(userInfo),
    isTls: scheme === "rediss",
  };
  if (shared.hosts.some(({ host, port }) => host === "" || !(port > 0 && port < 65_536))) return undefined;
  if (kind === "cluster") return path === "" ? { kind, ...shared } : undefined;
  return path === "" ? undefined : { kind: "sentinel", primary: decodeURIComponent(path), ...shared };
}

function isServerUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password, pathname } = new URL(url);
  return isDecodable(username) && isDecodable(password) && /^\/?\d*$/.test(pathname);
}

/** False for a "%" that begins no character. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Why the key prefix does not go with that Redis; undefined when it does. Keys of one queue must live on one member of a cluster. */
export function prefixFault({ kind }: RedisPlace, prefix: string): string | undefined {
  if (kind !== "cluster" || /\{[^{}]+\}/.test(prefix)) return undefined;
  return `with a Redis cluster, expected a prefix with a hash tag, such as {${prefix.replace(/[{}]/g, "") || "bull"}}`;
}

function hostsOf(list: string, defaultPort: number): HostAndPort[] {
  return list.split(",").map((entry) => {
    const { host = "", port } = /^(?<host>\[[^\]]+\]|[^:]*)(?::(?<port>\d+))?$/.exec(entry.trim())?.groups ?? {};
    return { host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? defaultPort : Number(port) };
  });
}

function loginOf(userInfo: string): Login {
  if (userInfo === "") return {};
  // The password is all behind the first colon.
  const [, username = "", password] = (/^([^:]*)(?::(.*))?$/.exec(userInfo) ?? []).map((part) => part && decodeURIComponent(part));
  return { ...(username && { username }), ...(password !== undefined && { password }) };
}
