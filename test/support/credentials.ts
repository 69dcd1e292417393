import { importReferenceData } from "@openticket/store";
import type { Stack } from "./stack.ts";

/** Adds a credential with these permissions to a running stack, and says how it is presented. */
export async function addCredential(stack: Stack, identifier: string, permissions: string[]): Promise<Stack["credentials"]> {
  const credentials = { identifier, secret: "another secret" };
  const outcome = await importReferenceData(stack.store, [{ name: "credentials.json", text: JSON.stringify([{ ...credentials, permissions }]) }]);
  if (outcome.kind !== "imported") throw new Error(JSON.stringify(outcome.faults));
  return credentials;
}
