import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { KindDeps } from "../source-kind.ts";
import { type AddressRules, makeAddressRules } from "./address-rules.ts";
import { RequestLate, UnusableAnswer } from "./errors.ts";
import { makeResolve, type Resolve } from "./resolve.ts";
import { readTarget, requireAddress, type Target } from "./target.ts";

/**
 * Requests to URLs that somebody else has chosen.
 *
 * Problem: such a URL may lead into our own networks, to the metadata of a cloud or to this machine, by its address, an odd
 * spelling of one, a redirect, or a name whose answer changes between the check and the connection.
 * Choice: the connection's own look-up is ours. It judges every address of the name, refuses the name when one of them is
 * not for us, and hands on those alone: what was checked is what is connected to. No redirect is followed, and no
 * connection is kept, as a kept one was judged for another request.
 * Rejected: asking for the addresses first and then requesting by name (rebinding); writing the address into the URL (TLS
 * then checks another name); `fetch` (its look-up belongs to a dispatcher of a package that Node does not hand out).
 */

export interface GuardRules {
  /** CIDR ranges beside the public internet; there http and every port are allowed too. */
  allowedNetworks: readonly string[];
  /** Certificates, PEM, that are trusted instead of the system's. */
  ca?: string | undefined;
  /** Finds the addresses of a name; by default the name servers of the system. */
  resolve?: Resolve | undefined;
}

export interface GuardedRequest {
  method: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** For everything, from the look-up to the answer's last byte, ms. */
  timeoutMs: number;
  /** What is read of the answer, bytes. */
  maxBytes: number;
}

export interface GuardedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Its first bytes, at most `maxBytes`. */
  body: Buffer;
  isWhole: boolean;
}

export type SendGuarded = (url: string, request: GuardedRequest) => Promise<GuardedAnswer>;

/**
 * Makes a function that sends one request and gives any answer back, a redirect as well. It throws `ForbiddenTarget` for
 * what is not for us, `RequestLate`, and what Node throws for a connection that failed.
 */
export function makeGuardedRequest({ allowedNetworks, ca, resolve = makeResolve() }: GuardRules): SendGuarded {
  const rules = makeAddressRules(allowedNetworks);
  return async (url, request) => {
    const target = readTarget(url, rules);
    const options = {
      method: request.method,
      headers: headersOf(request),
      agent: false,
      lookup: guardLookup(target, rules, resolve),
      ...(ca !== undefined && { ca }),
    };
    return send((target.isHttps ? requestHttps : requestHttp)(target.url, options), request);
  };
}

/** A `fetch` for kinds of sources, under the same rules; throws for any answer but a whole one of 2xx too. */
export function makeGuardedFetch(rules: GuardRules): KindDeps["fetch"] {
  const request = makeGuardedRequest(rules);
  return async (url, { maxBytes, timeoutMs }) => {
    const { status, body, isWhole } = await request(url, { method: "GET", maxBytes, timeoutMs });
    if (status < 200 || status > 299) throw new UnusableAnswer(`The answer was ${status}`);
    if (!isWhole) throw new UnusableAnswer(`The answer is larger than ${maxBytes} bytes`);
    return body;
  };
}

function headersOf({ headers, body }: GuardedRequest): Record<string, string> {
  return { ...headers, ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }) };
}

/** A look-up that gives only judged addresses. Node asks it at connect time, and for names alone. */
function guardLookup(target: Target, rules: AddressRules, resolve: Resolve): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname)
      .then((addresses) => {
        for (const address of addresses) requireAddress(address, target, rules);
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (!first) return done(notFound(hostname), "");
        if (options.all) return done(null, found);
        done(null, first.address, first.family);
      })
      .catch((error: NodeJS.ErrnoException) => done(error, ""));
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" });
}

function send(outgoing: ClientRequest, { body, timeoutMs, maxBytes }: GuardedRequest): Promise<GuardedAnswer> {
  return new Promise((resolve, reject) => {
    let late: RequestLate | undefined;
    const timer = setTimeout(() => {
      late = new RequestLate(`no whole answer within ${timeoutMs} ms`);
      outgoing.destroy(late);
    }, timeoutMs);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
      outgoing.destroy();
    };
    // A connection that we end because it is late is told of as one that was lost.
    const fail = (error: unknown) => end(() => reject(late ?? error));
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      readUpTo(incoming, maxBytes).then((read) => end(() => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, ...read })), fail);
    });
    outgoing.end(body);
  });
}

async function readUpTo(incoming: IncomingMessage, maxBytes: number): Promise<{ body: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > maxBytes) return { body: Buffer.concat(chunks).subarray(0, maxBytes), isWhole: false };
  }
  return { body: Buffer.concat(chunks), isWhole: true };
}
