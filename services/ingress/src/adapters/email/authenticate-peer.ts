import type { SMTPServerAuthentication } from "smtp-server";
import { type AuthenticateDeps, authenticate, mayUse } from "../../intake/authenticate.ts";
import { ANSWERS } from "./answers.ts";
import type { PeerLimits } from "./peer-limits.ts";

/** What a credential must be allowed to do for handing mail over. */
export const SEND_MAIL = "sendmail";

export interface PeerAuthDeps extends AuthenticateDeps {
  limits: PeerLimits;
  /** Whether the credential may be used from that address. */
  isAllowedFrom(ranges: readonly string[], ip: string): boolean;
  onFault(error: unknown): void;
}

/** The name of the user behind a login. Throws the answer for one that is none. XCLIENT's login is taken from the hosts that may use it. */
export async function authenticatePeer({ method, username, password }: SMTPServerAuthentication, ip: string, deps: PeerAuthDeps): Promise<string> {
  if (method === "XCLIENT") return username ?? "";
  if (!deps.limits.mayLogIn(ip)) throw ANSWERS.tooManyLogins();
  const caller = await authenticate({ name: username, secret: password ?? "" }, deps).catch((error: unknown) => {
    deps.onFault(error);
    throw ANSWERS.loginUnavailable();
  });
  if (typeof caller !== "string" && mayUse(caller, SEND_MAIL) && deps.isAllowedFrom(caller.allowedIps, ip)) return caller.credential;
  deps.limits.failLogin(ip);
  throw ANSWERS.wrongLogin();
}
