import type { AdminAccount, Credential, CredentialStore } from "./ports.ts";

/** What a caller presents, as text; an empty text means absent. */
export interface Presented {
  /** API identifier, or an admin's username. */
  name?: string | undefined;
  /** API secret, or md5 hex of an admin's password. */
  secret?: string | undefined;
}

/** Why a caller is turned away; the adapters have the words and statuses. */
export type Refusal = "authentication-failed" | "unknown-identifier" | "admin-disabled" | "admin-without-api-access" | "wrong-admin-password";

/** An authenticated caller. */
export interface Caller {
  /** What idempotency keys and stored sources are scoped to. */
  credential: string;
  /** Username of the admin behind the credential. */
  admin?: string | undefined;
  /** Lower-case actions, or "*". */
  permissions: readonly string[];
  /** CIDR ranges that the credential may be used from; none: any. */
  allowedIps: readonly string[];
}

export interface AuthenticateDeps {
  credentials: CredentialStore;
  /** Constant-time comparison with a stored hash. */
  verifySecret(hash: string, presented: string): Promise<boolean>;
}

/**
 * Finds out who calls: first by API credential, then as an admin by username. The secret is checked before anything
 * about the account is told.
 */
export async function authenticate({ name, secret }: Presented, deps: AuthenticateDeps): Promise<Caller | Refusal> {
  if (!name || !secret) return "authentication-failed";
  const credential = await deps.credentials.credential(name);
  if (credential && !credential.disabled) return byCredential(credential, secret, deps);
  const admin = await deps.credentials.admin(name);
  return admin ? byPassword(admin, secret, deps) : "unknown-identifier";
}

async function byCredential(credential: Credential, secret: string, deps: AuthenticateDeps): Promise<Caller | Refusal> {
  if (!(await deps.verifySecret(credential.secretHash, secret))) return "authentication-failed";
  const { identifier, admin: username, permissions, allowedIps } = credential;
  const admin = username === undefined ? undefined : await deps.credentials.admin(username);
  const fault = admin && accountFault(admin);
  return fault ?? { credential: identifier, admin: admin?.username, permissions, allowedIps };
}

async function byPassword(admin: AdminAccount, secret: string, deps: AuthenticateDeps): Promise<Caller | Refusal> {
  const isRight = admin.passwordHash !== undefined && (await deps.verifySecret(admin.passwordHash, secret.toLowerCase()));
  if (!isRight) return "wrong-admin-password";
  const { username, permissions } = admin;
  return accountFault(admin) ?? { credential: `admin:${username}`, admin: username, permissions, allowedIps: [] };
}

function accountFault(admin: AdminAccount): Refusal | undefined {
  if (admin.disabled) return "admin-disabled";
  return admin.apiAccess ? undefined : "admin-without-api-access";
}

/** Whether the caller may use an action, by its lower-case name. */
export function mayUse(caller: Caller, action: string): boolean {
  return caller.permissions.includes("*") || caller.permissions.includes(action);
}
