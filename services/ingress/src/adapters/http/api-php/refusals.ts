import type { Refusal } from "../../../intake/authenticate.ts";

/**
 * What callers of the API are told when they are turned away, word for word: some compare the text
 * (source: the wire facts, item 8).
 */
export const REFUSAL_MESSAGES: Record<Refusal, string> = {
  "authentication-failed": "Authentication Failed",
  "unknown-identifier": "Invalid or missing credentials",
  "admin-disabled": "Administrator Account Disabled",
  "admin-without-api-access": "Access Denied",
  "wrong-admin-password": "Invalid password provided",
};

/** An answer that ends the call, with its HTTP status. */
export class CallRefused extends Error {
  override name = "CallRefused";
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The address is neither allowed nor excused by an access key. */
export class InvalidIp extends CallRefused {
  override name = "InvalidIp";

  constructor(ip: string) {
    super(403, `Invalid IP ${ip}`);
  }
}

/** The credential may not use the action, or there is no such action: callers cannot tell. */
export function invalidPermissions(action: string): CallRefused {
  return new CallRefused(403, `Invalid Permissions: API action "${action}" is not allowed`);
}
