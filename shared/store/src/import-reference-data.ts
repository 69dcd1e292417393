import { createHash } from "node:crypto";
import type { StoreConnection } from "./connect.ts";
import { type ReferenceFile, type RowFault, readReferenceFiles } from "./reference-files.ts";
import { keyOf, REFERENCE_KINDS, type ReferenceData, type ReferenceRow } from "./reference-schemas.ts";
import { hashSecret } from "./secrets.ts";

export type ImportOutcome = { kind: "imported"; counts: Record<string, number> } | { kind: "refused"; faults: RowFault[] };

/**
 * Imports reference data from files. Everything is checked before anything is written, and everything is written in one
 * transaction: it is applied whole or not at all. Rows are put in by their keys, so that a repetition changes nothing.
 */
export async function importReferenceData(store: StoreConnection, files: readonly ReferenceFile[], { isDryRun = false } = {}): Promise<ImportOutcome> {
  const isKnown = async (kind: keyof ReferenceData, key: string | number) => (await store.models[kind].exists({ _id: key })) !== null;
  const { data, faults } = await readReferenceFiles(files, isKnown);
  if (faults.length > 0) return { kind: "refused", faults };
  if (!isDryRun) await applyReferenceData(store, data);
  return { kind: "imported", counts: Object.fromEntries(REFERENCE_KINDS.map((kind) => [kind, data[kind].length])) };
}

/** Writes checked rows in one transaction, in place of rows with the same key. */
export async function applyReferenceData(store: StoreConnection, data: ReferenceData): Promise<void> {
  // A transaction cannot make a collection that a concurrent one makes too.
  await Promise.all(REFERENCE_KINDS.map((kind) => store.models[kind].createCollection()));
  await store.connection.transaction(async (session) => {
    for (const kind of REFERENCE_KINDS) {
      const rows = data[kind].map(withHashes);
      const writes = rows.map((row) => ({ replaceOne: { filter: { _id: keyOf(row) }, replacement: { _id: keyOf(row), ...row }, upsert: true } }));
      if (writes.length > 0) await store.models[kind].collection.bulkWrite(writes as never, { session });
    }
  });
}

/** The row with its clear-text secret replaced by a hash. An admin's password is hashed as callers send it: as md5 hex. */
function withHashes(row: ReferenceRow): ReferenceRow {
  if ("password" in row && row.password !== undefined) {
    const { password, ...rest } = row;
    return { ...rest, passwordHash: hashSecret(md5(password)) };
  }
  if ("secret" in row && row.secret !== undefined) {
    const { secret, ...rest } = row;
    return { ...rest, secretHash: hashSecret(secret) };
  }
  return row;
}

/** Not for security: it is the form in which the API's callers send an admin's password (source: the wire facts). */
function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
