import { isIP } from "node:net";
import type { AddressRules } from "./address-rules.ts";
import { ForbiddenTarget } from "./errors.ts";

/** Where a request may go, as far as its URL tells; `address`: the host is a literal one, which no look-up will judge. */
export interface Target {
  url: URL;
  isHttps: boolean;
  address: string | undefined;
}

const HTTPS_PORT = 443;
/** Below it are the services of systems, which take what we say for their own words. */
const LOWEST_FREE_PORT = 1024;
const MAX_URL_LENGTH = 2048;

/**
 * Reads a URL and judges what can be judged without asking anybody. Odd spellings of addresses (`0x7f.1`, `2130706433`,
 * `[::ffff:7f00:1]`) are made plain by the URL standard's parser before they are judged. Throws {@link ForbiddenTarget}.
 */
export function readTarget(text: string, rules: AddressRules): Target {
  if (text.length > MAX_URL_LENGTH) throw new ForbiddenTarget(`The URL is longer than ${MAX_URL_LENGTH} characters`);
  if (!URL.canParse(text)) throw new ForbiddenTarget("The URL cannot be read");
  const url = new URL(text);
  const isHttps = url.protocol === "https:";
  if (!isHttps && url.protocol !== "http:") throw new ForbiddenTarget(`The URL must begin with https://, not ${url.protocol}`);
  if (url.username !== "" || url.password !== "") throw new ForbiddenTarget("The URL must not hold a user name or password");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const address = isIP(host) === 0 ? undefined : host;
  const target = { url, isHttps, address };
  if (address !== undefined) requireAddress(address, target, rules);
  return target;
}

/** Throws {@link ForbiddenTarget} when this request may not go to that address. */
export function requireAddress(address: string, { url, isHttps }: Target, rules: AddressRules): void {
  const judged = rules.judge(address);
  if (judged === "forbidden") throw new ForbiddenTarget(`${url.hostname} is at an address that is not of the public internet, and not allowed`);
  if (judged === "allowed") return;
  if (!isHttps) throw new ForbiddenTarget("Only https is used on the public internet");
  const port = url.port === "" ? HTTPS_PORT : Number(url.port);
  if (port !== HTTPS_PORT && port < LOWEST_FREE_PORT)
    throw new ForbiddenTarget(`Port ${port} is not used: only ${HTTPS_PORT}, and from ${LOWEST_FREE_PORT} on`);
}
