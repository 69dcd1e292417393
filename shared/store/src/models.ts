import { type Connection, type Model, Schema } from "mongoose";
import { REFERENCE_KINDS, type ReferenceKind, type ReferenceRow } from "./reference-schemas.ts";

/**
 * Mongoose models of the reference data. zod (reference-schemas.ts) says what a row is; the models give collections
 * and indexes. `_id` is the row's own key.
 */
export type ReferenceDocument = ReferenceRow & { _id: string | number };
export type Models = Record<ReferenceKind, Model<ReferenceDocument>>;

/** Fields that look-ups go by, beside the key. */
const INDEXES: Partial<Record<ReferenceKind, Record<string, 1>[]>> = {
  users: [{ clientids: 1 }],
  contacts: [{ clientid: 1 }],
  services: [{ clientid: 1 }],
  domains: [{ clientid: 1 }],
  departments: [{ email: 1 }],
};

/** Kinds that are looked up by an address, whatever its case. */
const BY_EMAIL: ReadonlySet<ReferenceKind> = new Set(["clients", "users", "contacts", "admins"]);
/** Compares addresses without their case. */
export const EMAIL_COLLATION = { locale: "en", strength: 2 } as const;

/** The models on one connection. */
export function makeModels(connection: Connection): Models {
  const entries = REFERENCE_KINDS.map((kind) => [kind, makeModel(connection, kind)] as const);
  return Object.fromEntries(entries) as Models;
}

function makeModel(connection: Connection, kind: ReferenceKind): Model<ReferenceDocument> {
  const schema = new Schema<ReferenceDocument>({ _id: Schema.Types.Mixed }, { strict: false, versionKey: false, collection: kind });
  for (const index of INDEXES[kind] ?? []) schema.index(index);
  if (BY_EMAIL.has(kind)) schema.index({ email: 1 }, { name: "email_any_case", collation: EMAIL_COLLATION });
  return connection.model<ReferenceDocument>(kind, schema);
}
