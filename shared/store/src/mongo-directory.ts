import { coalesce } from "./coalesce.ts";
import type { StoreConnection } from "./connect.ts";
import { type CredentialStore, type Directory, type FindRow, makeCredentialStore, makeDirectory } from "./directory.ts";
import { keep } from "./keep.ts";
import { REFERENCE_KINDS, type ReferenceKind, type ReferenceRow, type Row } from "./reference-schemas.ts";

/** Few rows that almost every ticket needs: kept for a moment, so that a change is seen within this time, ms. */
const KEPT_MS = 3000;
const KEPT_KINDS: ReadonlySet<ReferenceKind> = new Set(["departments", "customfields", "admins", "credentials"]);
/** Rows kept of one kind; then all are forgotten. */
const KEPT_ROWS = 5000;
const READS_IN_FLIGHT = 2;
const LARGEST_BATCH = 1000;

/** Reference data in MongoDB; look-ups of one turn go out as one query. */
export function makeMongoDirectory(store: StoreConnection): Directory {
  return makeDirectory(makeFindRow(store));
}

/** Credentials in MongoDB. */
export function makeMongoCredentialStore(store: StoreConnection): CredentialStore {
  return makeCredentialStore(makeFindRow(store));
}

function makeFindRow(store: StoreConnection): FindRow {
  const finders = new Map(REFERENCE_KINDS.map((kind) => [kind, KEPT_KINDS.has(kind) ? keptFinder(store, kind) : finder(store, kind)]));
  return async <K extends ReferenceKind>(kind: K, key: string | number) => (await finders.get(kind)?.(key)) as Row<K> | undefined;
}

type Find = (key: string | number) => Promise<ReferenceRow | undefined>;

function finder(store: StoreConnection, kind: ReferenceKind): Find {
  return coalesce<string | number, ReferenceRow | undefined>({
    async run(keys) {
      const documents = await store.models[kind].find({ _id: { $in: [...new Set(keys)] } }).lean();
      const rows = new Map(documents.map(({ _id, ...row }) => [_id, row as ReferenceRow]));
      return keys.map((key) => rows.get(key));
    },
    maxInFlight: READS_IN_FLIGHT,
    maxBatch: LARGEST_BATCH,
  });
}

function keptFinder(store: StoreConnection, kind: ReferenceKind): Find {
  return keep(finder(store, kind), { ms: KEPT_MS, most: KEPT_ROWS }).get;
}
