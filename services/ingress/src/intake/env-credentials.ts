import type { Credential, CredentialStore } from "./ports.ts";

/**
 * Credentials of the environment in front of a store's. They have all permissions.
 * `pairs`: `identifier:secret`; `hashSecret` hashes as the store does.
 */
export function withEnvCredentials(
  store: CredentialStore,
  { pairs, admin }: { pairs: readonly string[]; admin: string | undefined },
  hashSecret: (secret: string) => string,
): CredentialStore {
  const known = new Map<string, Credential>();
  for (const pair of pairs) {
    const [identifier, secret] = [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)];
    known.set(identifier, { identifier, secretHash: hashSecret(secret), admin, permissions: ["*"], allowedIps: [], disabled: false });
  }
  return {
    credential: async (identifier) => known.get(identifier) ?? store.credential(identifier),
    admin: (username) => store.admin(username),
  };
}
