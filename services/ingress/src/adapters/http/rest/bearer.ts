import { makeNetworks } from "@openticket/runtime";
import type { FastifyRequest } from "fastify";
import { authenticate, type Caller, mayUse } from "../../../intake/authenticate.ts";
import { REFUSAL_MESSAGES } from "../api-php/refusals.ts";
import type { HttpDeps } from "../http-deps.ts";
import { Problem } from "./problem.ts";

const CHALLENGE = { "www-authenticate": 'Basic realm="OpenTicket", charset="UTF-8", Bearer realm="OpenTicket"' };

/**
 * Who calls the REST API: HTTP Basic with identifier and secret, or `Authorization: Bearer <identifier>:<secret>`.
 * Throws a {@link Problem} with 401 for credentials and 403 for an address.
 */
export async function authenticateRest(request: FastifyRequest, deps: HttpDeps): Promise<Caller> {
  const accessKey = request.headers["x-access-key"];
  const hasAccessKey = typeof accessKey === "string" && (await deps.isAccessKey(accessKey));
  if (!deps.isAllowedIp(request.ip) && !hasAccessKey) throw forbiddenIp(request.ip);
  const caller = await authenticate(presentedBy(request.headers.authorization), deps);
  if (typeof caller === "string") throw new Problem(401, "Unauthorized", REFUSAL_MESSAGES[caller], {}, CHALLENGE);
  const isAllowed = caller.allowedIps.length === 0 || hasAccessKey || makeNetworks(caller.allowedIps)(request.ip);
  if (!isAllowed) throw forbiddenIp(request.ip);
  return caller;
}

/** Throws a {@link Problem} with 403 for a caller that may not do that. */
export function requirePermission(caller: Caller, permission: string): void {
  if (!mayUse(caller, permission)) throw new Problem(403, "Forbidden", `The credential has no permission for "${permission}"`);
}

function forbiddenIp(ip: string): Problem {
  return new Problem(403, "Forbidden", `Invalid IP ${ip}`);
}

function presentedBy(authorization: string | undefined): { name?: string; secret?: string } {
  const [, scheme = "", value = ""] = /^(basic|bearer)\s+(\S+)\s*$/i.exec(authorization ?? "") ?? [];
  const pair = scheme.toLowerCase() === "basic" ? Buffer.from(value, "base64").toString("utf8") : value;
  const colon = pair.indexOf(":");
  return colon === -1 ? {} : { name: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}
