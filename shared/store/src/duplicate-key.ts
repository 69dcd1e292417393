/** MongoDB's code for a violated unique index. */
export const DUPLICATE_KEY = 11_000;

/** True for the error of a write that met a unique index. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === DUPLICATE_KEY;
}
