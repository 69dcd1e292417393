import { coalesce } from "../coalesce.ts";
import type { StoreConnection } from "../connect.ts";
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
  let kept: { filters: Promise<Row<"mailfilters">[]>; untilMs: number } | undefined;
  return {
    findByEmail: coalesce<string, PeopleOfAddress>({ run: (addresses) => findBatch(store, addresses), maxInFlight: READS_IN_FLIGHT, maxBatch: LARGEST_BATCH }),
    addressesOfClient: (clientid) => addressesOfClient(store, clientid),
    mailFilters() {
      if (kept && performance.now() < kept.untilMs) return kept.filters;
      const filters = rowsOf(store, "mailfilters", {}, MAX_FILTERS);
      kept = { filters, untilMs: performance.now() + KEPT_MS };
      filters.catch(() => {
        kept = undefined;
      });
      return filters;
    },
  };
}

async function findBatch(store: StoreConnection, addresses: readonly string[]): Promise<PeopleOfAddress[]> {
  const wanted = { email: { $in: [...new Set(addresses.map((address) => address.toLowerCase()))] } };
  const [clients, users, contacts, admins] = await Promise.all([
    rowsOf(store, "clients", wanted),
    rowsOf(store, "users", wanted),
    rowsOf(store, "contacts", wanted),
    rowsOf(store, "admins", wanted),
  ]);
  return addresses.map((address) => {
    const isTheirs = ({ email }: { email: string }) => email.toLowerCase() === address.toLowerCase();
    return { clients: clients.filter(isTheirs), users: users.filter(isTheirs), contacts: contacts.filter(isTheirs), admins: admins.filter(isTheirs) };
  });
}

/** By key, so that of several with one address the same one is always the first. */
async function rowsOf<K extends ReferenceKind>(store: StoreConnection, kind: K, filter: object, limit = 0): Promise<Row<K>[]> {
  const found = store.models[kind].find(filter as never, { _id: 0 }, { sort: { _id: 1 }, limit });
  const isByEmail = KINDS.some((name) => name === kind);
  return (await (isByEmail ? found.collation(EMAIL_COLLATION) : found).lean<ReferenceRow[]>()) as Row<K>[];
}

async function addressesOfClient(store: StoreConnection, clientid: number): Promise<string[]> {
  const [clients, users, contacts] = await Promise.all([
    rowsOf(store, "clients", { _id: clientid }),
    rowsOf(store, "users", { clientids: clientid }),
    rowsOf(store, "contacts", { clientid }),
  ]);
  return [...clients, ...users, ...contacts].map(({ email }) => email.toLowerCase());
}
