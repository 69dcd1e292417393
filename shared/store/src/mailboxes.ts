import { placeOfTag } from "@openticket/contract";
import type { StoreConnection } from "./connect.ts";
import { inTime } from "./in-time.ts";
import { keep } from "./keep.ts";

/** An address that takes mail, and the department that its mail is for. `address` is in lower case. */
export interface Mailbox {
  address: string;
  deptid: number;
}

/** Which addresses take mail. */
export interface Mailboxes {
  /** The mailbox behind a recipient's address, whatever its case and plus-tag. Throws on an outage. */
  find(address: string): Promise<Mailbox | undefined>;
  /** All of them, by address. */
  all(): Promise<Mailbox[]>;
}

/** Mailboxes are few, and asked for with every mail: kept for a moment, so that a change is seen within this time, ms. */
const KEPT_MS = 3000;

/** The departments' own addresses, and further ones of the kind `mailboxes`, which go first. */
export function makeMongoMailboxes(store: StoreConnection): Mailboxes {
  const kept = keep((_all: "all") => inTime(readAll(store)), { ms: KEPT_MS, most: 1 });
  return {
    async find(address) {
      const known = await kept.get("all");
      const plain = address.toLowerCase();
      return known.get(plain) ?? known.get(withoutTag(plain));
    },
    all: async () => [...(await kept.get("all")).values()],
  };
}

async function readAll({ models }: StoreConnection): Promise<Map<string, Mailbox>> {
  const [departments, further] = await Promise.all([
    models.departments.find({ email: { $exists: true } } as never, { id: 1, email: 1 }, { sort: { _id: -1 } }).lean<{ id: number; email: string }[]>(),
    models.mailboxes.find({}).lean<Mailbox[]>(),
  ]);
  // Of two departments with one address the one with the lower id gets its mail.
  const own = departments.map(({ id, email }): Mailbox => ({ address: email.toLowerCase(), deptid: id }));
  return new Map([...own, ...further.map(({ address, deptid }) => ({ address, deptid }))].map((mailbox) => [mailbox.address, mailbox]));
}

/** `support@example.test` for `support+anything@example.test`. */
function withoutTag(address: string): string {
  const place = placeOfTag(address);
  return place ? address.slice(0, place.plus) + address.slice(place.at) : address;
}
