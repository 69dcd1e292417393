import { LONGEST_NAME, type Row } from "./reference-schemas.ts";

/** Look-ups of reference data, one at a time; undefined when there is no such thing. */
export interface Directory {
  department(id: number): Promise<Row<"departments"> | undefined>;
  client(id: number): Promise<Row<"clients"> | undefined>;
  user(id: number): Promise<Row<"users"> | undefined>;
  contact(id: number): Promise<Row<"contacts"> | undefined>;
  service(id: number): Promise<Row<"services"> | undefined>;
  domain(id: number): Promise<Row<"domains"> | undefined>;
  customFields(ids: number[]): Promise<Row<"customfields">[]>;
  admin(username: string): Promise<Row<"admins"> | undefined>;
  /** The admins who are told about a department's new tickets. */
  staffOf(department: { staff: string[] }): Promise<Row<"admins">[]>;
}

export interface CredentialStore {
  credential(identifier: string): Promise<StoredCredential | undefined>;
  admin(username: string): Promise<Row<"admins"> | undefined>;
}
/** A credential as it is stored: always with its hash. */
export type StoredCredential = Row<"credentials"> & { secretHash: string };

/** A directory over one look-up per kind and key: what differs between stores is only how a row is found. */
export function makeDirectory(findRow: FindRow): Directory {
  const find = findPossible(findRow);
  return {
    department: (id) => find("departments", id),
    client: (id) => find("clients", id),
    user: (id) => find("users", id),
    contact: (id) => find("contacts", id),
    service: (id) => find("services", id),
    domain: (id) => find("domains", id),
    admin: (username) => find("admins", username),
    customFields: async (ids) => defined(await Promise.all(ids.map((id) => find("customfields", id)))),
    staffOf: async ({ staff }) => defined(await Promise.all(staff.map((username) => find("admins", username)))),
  };
}

/** Credentials over the same look-up. */
export function makeCredentialStore(findRow: FindRow): CredentialStore {
  const find = findPossible(findRow);
  return {
    async credential(identifier) {
      const row = await find("credentials", identifier);
      return row?.secretHash === undefined ? undefined : { ...row, secretHash: row.secretHash };
    },
    admin: (username) => find("admins", username),
  };
}

type Kinds = keyof typeof import("./reference-schemas.ts").referenceSchemas;
/** Finds the row of a kind by its key. */
export type FindRow = <K extends Kinds>(kind: K, key: string | number) => Promise<Row<K> | undefined>;

/** Whoever asks chooses the name, and may be a stranger: one that no row can have is not looked up, kept or sent with others' names. */
function findPossible(find: FindRow): FindRow {
  return async (kind, key) => (typeof key === "string" && key.length > LONGEST_NAME ? undefined : find(kind, key));
}

function defined<T>(rows: (T | undefined)[]): T[] {
  return rows.filter((row) => row !== undefined);
}
