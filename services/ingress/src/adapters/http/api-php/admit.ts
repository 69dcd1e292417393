import { isNotGiven } from "@openticket/contract";
import { makeNetworks } from "@openticket/runtime";
import { type AuthenticateDeps, authenticate, type Caller, mayUse } from "../../../intake/authenticate.ts";
import { CallRefused, InvalidIp, invalidPermissions, REFUSAL_MESSAGES } from "./refusals.ts";

export interface AdmitDeps extends AuthenticateDeps {
  /** Whether any credential may be used from that address. */
  isAllowedIp(ip: string): boolean;
  isAccessKey(presented: string): Promise<boolean>;
  hasAccessKeys: boolean;
  /** Lower-case names of the actions that exist. */
  actions: ReadonlySet<string>;
}

/**
 * Lets a caller in or throws {@link CallRefused}, in the order that callers know: address, credentials, permission,
 * action (source: the wire facts, item 8).
 */
export async function admit(params: Record<string, unknown>, ip: string, deps: AdmitDeps): Promise<Caller> {
  const caller = await identify(params, ip, deps);
  const action = actionOf(params);
  if (action === "") throw new CallRefused(400, "Empty action request");
  if (!deps.actions.has(action) || !mayUse(caller, action)) throw invalidPermissions(action);
  return caller;
}

/** The same as far as it goes while the action has not come yet: address and credentials. */
export async function identify(params: Record<string, unknown>, ip: string, deps: AdmitDeps): Promise<Caller> {
  const hasAccessKey = await presentsAccessKey(params, deps);
  if (!deps.isAllowedIp(ip) && !hasAccessKey) throw new InvalidIp(ip);
  const caller = await authenticate(presentedBy(params), deps);
  if (typeof caller === "string") throw new CallRefused(403, REFUSAL_MESSAGES[caller]);
  if (caller.allowedIps.length > 0 && !hasAccessKey && !makeNetworks(caller.allowedIps)(ip)) throw new InvalidIp(ip);
  return caller;
}

/** The action in the case that messages and XML echo it in. */
export function actionOf(params: Record<string, unknown>): string {
  return text(params.action).trim().toLowerCase();
}

/** True when the parameters so far hold whole credentials, so that they can be judged before the rest has arrived. */
export function holdsCredentials(params: Record<string, unknown>): boolean {
  const { name, secret } = presentedBy(params);
  return name !== "" && secret !== "";
}

/** True while an access key may still come, which excuses an address. */
export function mayBringAccessKey(params: Record<string, unknown>, { hasAccessKeys }: Pick<AdmitDeps, "hasAccessKeys">): boolean {
  return hasAccessKeys && isNotGiven(params.accesskey);
}

function presentedBy(params: Record<string, unknown>) {
  return { name: text(params.identifier) || text(params.username), secret: text(params.secret) || text(params.password) };
}

async function presentsAccessKey(params: Record<string, unknown>, deps: AdmitDeps): Promise<boolean> {
  return !isNotGiven(params.accesskey) && deps.isAccessKey(text(params.accesskey));
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
