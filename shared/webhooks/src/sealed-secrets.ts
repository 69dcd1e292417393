import { randomBytes } from "node:crypto";
import type { SealedSecret } from "@openticket/contract";
import { z } from "zod";

/** A secret as it is shown: never itself. */
export const secretView = z.object({ id: z.string(), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime().optional() });

/** See {@link secretView}. */
export function viewSecret({ id, createdAt, expiresAt }: SealedSecret): z.infer<typeof secretView> {
  return { id, createdAt: createdAt.toISOString(), ...(expiresAt && { expiresAt: expiresAt.toISOString() }) };
}

/** The secrets that are valid at that time. */
export function validSecrets({ secrets }: { secrets: readonly SealedSecret[] }, at: Date): SealedSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > at);
}

/** The secret, valid until then at most: never longer than it was. */
export function endingBy(secret: SealedSecret, at: Date): SealedSecret {
  return secret.expiresAt && secret.expiresAt < at ? secret : { ...secret, expiresAt: at };
}

const ID_BYTES = 6;

/** A name for a secret that no other has. */
export function newSecretId(): string {
  return `sec_${randomBytes(ID_BYTES).toString("hex")}`;
}
