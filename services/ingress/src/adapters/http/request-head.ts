import type { IncomingMessage } from "node:http";

/** A head that a proxy in front may read otherwise than this server does. */
export class AmbiguousHead extends Error {
  override name = "AmbiguousHead";
  readonly statusCode = 400;
}

/** What is unclear about it (RFC 9112, 3.2 and 6.1): behind a proxy such a request could be two. */
export function headFault({ httpVersion, rawHeaders, headers }: IncomingMessage): AmbiguousHead | undefined {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return new AmbiguousHead(`HTTP/${httpVersion} is not spoken here; use HTTP/1.1`);
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length;
  if (hosts > 1 || (hosts === 0 && httpVersion === "1.1")) return new AmbiguousHead(`A request has one Host header; this one has ${hosts}`);
  const coding = headers["transfer-encoding"]?.trim().toLowerCase();
  if (coding === undefined || (coding === "chunked" && httpVersion === "1.1")) return undefined;
  return new AmbiguousHead("The only Transfer-Encoding that is read is chunked, in HTTP/1.1");
}

/** Some proxies name the client's port in `X-Forwarded-For` as well: `192.0.2.1:1234`, `[2001:db8::1]:80`. */
export function dropForwardedPorts({ headers }: IncomingMessage): void {
  const forwarded = headers["x-forwarded-for"];
  if (forwarded === undefined) return;
  const entries = String(forwarded).split(",");
  headers["x-forwarded-for"] = entries.map((entry) => entry.trim().replace(WITH_PORT, "$1$2")).join(", ");
}

const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([0-9a-f:.]+)\])(?::\d+)?$/i;
