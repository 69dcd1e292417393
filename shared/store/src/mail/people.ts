import { coalesce } from "../coalesce.ts";
import type { StoreConnection } from "../connect.ts";
import { inTime } from "../in-time.ts";
import { keep } from "../keep.ts";
import { EMAIL_COLLATION } from "../models.ts";
import type { ReferenceKind, ReferenceRow, Row } from "../reference-schemas.ts";

/** Everybody who has an address. */
export interface PeopleOfAddress {
  clients: Row<"clients">[];
  users: Row<"users">[];
  contacts: Row<"contacts">[];
  admins: Row<"admins">[];
}

/** Look-ups of people by their addresses, and what mail is kept out. */
export interface People {
  /** Everybody with that address, whatever its case. */
  findByEmail(address: string): Promise<PeopleOfAddress>;
  /** Addresses of those who may act for a client, lower case. */
  addressesOfClient(clientid: number): Promise<string[]>;
  mailFilters(): Promise<Row<"mailfilters">[]>;
}

const READS_IN_FLIGHT = 2;
const LARGEST_BATCH = 500;
/** Filters are few, and asked for with every mail: kept for a moment, so that a change is seen within this time, ms. */
const KEPT_MS = 3000;
const MAX_FILTERS = 5000;
const KINDS = ["clients", "users", "contacts", "admins"] as const;

/** See {@link People}. Look-ups of one turn go out together. */
export function makeMongoPeople(store: StoreConnection): People {
  const filters = keep((_all: "all") => inTime(rowsOf(store, "mailfilters", {}, MAX_FILTERS)), { ms: KEPT_MS, most: 1 });
  return {
    findByEmail: coalesce<string, PeopleOfAddress>({ run: (addresses) => findBatch(store, addresses), maxInFlight: READS_IN_FLIGHT, maxBatch: LARGEST_BATCH }),
    addressesOfClient: (clientid) => inTime(addressesOfClient(store, clientid)),
    mailFilters: () => filters.get("all"),
  };
}

async function findBatch(store: StoreConnection, addresses: readonly string[]): Promise<PeopleOfAddress[]> {
  const byAddress = new Map<string, PeopleOfAddress>();
  for (const { kind, row } of await everybodyWith([...new Set(addresses.map((address) => address.toLowerCase()))], store)) {
    const address = row.email.toLowerCase();
    const people = byAddress.get(address) ?? { clients: [], users: [], contacts: [], admins: [] };
    byAddress.set(address, people);
    people[kind].push(row as never);
  }
  return addresses.map((address) => byAddress.get(address.toLowerCase()) ?? { clients: [], users: [], contacts: [], admins: [] });
}

interface Somebody {
  kind: (typeof KINDS)[number];
  row: { email: string };
}

/** Of all kinds, with one question; by key, so that of several with one address the same one is always the first. */
async function everybodyWith(addresses: readonly string[], { models }: StoreConnection): Promise<Somebody[]> {
  const ofKind = (kind: string) => [
    { $match: { email: { $in: [...addresses] } } },
    { $sort: { _id: 1 } },
    { $unset: "_id" },
    { $project: { kind: { $literal: kind }, row: "$$ROOT" } },
  ];
  const [first, ...others] = KINDS;
  const joined = others.map((kind) => ({ $unionWith: { coll: models[kind].collection.name, pipeline: ofKind(kind) } }));
  return models[first].collection.aggregate<Somebody>([...ofKind(first), ...joined], { collation: EMAIL_COLLATION }).toArray();
}

async function rowsOf<K extends ReferenceKind>(store: StoreConnection, kind: K, filter: object, limit = 0): Promise<Row<K>[]> {
  return (await store.models[kind].find(filter as never, { _id: 0 }, { sort: { _id: 1 }, limit }).lean<ReferenceRow[]>()) as Row<K>[];
}

async function addressesOfClient(store: StoreConnection, clientid: number): Promise<string[]> {
  const [clients, users, contacts] = await Promise.all([
    rowsOf(store, "clients", { _id: clientid }),
    rowsOf(store, "users", { clientids: clientid }),
    rowsOf(store, "contacts", { clientid }),
  ]);
  return [...clients, ...users, ...contacts].map(({ email }) => email.toLowerCase());
}
