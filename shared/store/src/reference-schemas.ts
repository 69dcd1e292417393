import { z } from "zod";

/** Rows of the reference data as they are imported and stored. Flags and lists are also read from CSV's text. */

/** A name, also one that rows are looked up by, in characters. */
export const LONGEST_NAME = 255;

const id = z.coerce.number().pipe(z.int().positive());
const name = z.string().trim().min(1).max(LONGEST_NAME);
const email = z.email().max(254);
const flag = z.preprocess((value) => (typeof value === "string" ? TRUE_OR_FALSE[value.trim().toLowerCase()] : value), z.boolean());
const names = z.preprocess(splitText, z.array(z.string().min(1)));
const ids = z.preprocess(splitText, z.array(id));
const TRUE_OR_FALSE: Record<string, boolean | undefined> = { true: true, "1": true, yes: true, on: true, false: false, "0": false, no: false, off: false };

function splitText(value: unknown): unknown {
  return typeof value === "string"
    ? value
        .split(/[|;,]/)
        .map((item) => item.trim())
        .filter((item) => item !== "")
    : value;
}

/** Single addresses and CIDR ranges, as the doors read them. */
const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: ({ input }) => `expected an address or CIDR range such as 192.0.2.0/24 or 2001:db8::/32, got "${input}"`,
});

/** Action names, in lower case, or "*". */
const permissions = names.transform((actions) => actions.map((action) => action.toLowerCase()));

export const referenceSchemas = {
  departments: z.object({
    id,
    name,
    email: email.optional(),
    clientsOnly: flag.default(false),
    repliesOnly: flag.default(false),
    noAutoresponder: flag.default(false),
    preventClientClosure: flag.default(false),
    hidden: flag.default(false),
    /** What a mail to a closed ticket does: open it again, open a new ticket that names it, or be refused with a notice. */
    closedReply: z.enum(["reopen", "open-linked", "refuse"]).default("reopen"),
    /** Usernames of admins. */
    staff: names.default([]),
  }),
  /** Further addresses that take mail for a department, in lower case. */
  mailboxes: z.object({ address: email.transform((address) => address.toLowerCase()), deptid: id }),
  /** Mail that is kept and ignored: by its sender, the sender's domain, a phrase in the subject, a phrase anywhere. */
  mailfilters: z.object({
    id,
    kind: z.enum(["sender", "domain", "subject", "phrase"]),
    value: z.string().trim().toLowerCase().min(1).max(500),
    note: z.string().max(500).optional(),
  }),
  clients: z.object({ id, firstname: name, lastname: z.string().trim().max(255).default(""), companyname: z.string().max(255).optional(), email }),
  users: z.object({ id, firstname: name, lastname: z.string().trim().max(255).default(""), email, clientids: ids }),
  contacts: z.object({ id, clientid: id, firstname: name, lastname: z.string().trim().max(255).default(""), email }),
  services: z.object({ id, clientid: id, name }),
  domains: z.object({ id, clientid: id, domain: name }),
  customfields: z.object({
    id,
    name,
    deptid: id.optional(),
    type: z.enum(["text", "textarea", "dropdown", "tickbox", "link", "password"]).default("text"),
    options: names.optional(),
    required: flag.default(false),
  }),
  admins: z.object({
    username: name,
    firstname: name,
    lastname: z.string().trim().max(255).default(""),
    email,
    /** Hash of the md5 hex of the password; see secrets.ts. */
    passwordHash: z.string().optional(),
    /** Clear text, hashed before it is stored. */
    password: z.string().min(1).optional(),
    disabled: flag.default(false),
    apiAccess: flag.default(true),
    permissions: permissions.default(["*"]),
  }),
  credentials: z.object({
    identifier: name,
    secretHash: z.string().optional(),
    /** Clear text, hashed before it is stored. */
    secret: z.string().min(8, "expected at least 8 characters").optional(),
    admin: z.string().optional(),
    permissions: permissions.default(["openticket"]),
    allowedIps: z.preprocess(splitText, z.array(network)).default([]),
    disabled: flag.default(false),
  }),
} as const;

export type ReferenceKind = keyof typeof referenceSchemas;
export const REFERENCE_KINDS = Object.keys(referenceSchemas) as ReferenceKind[];
export type Row<K extends ReferenceKind> = z.output<(typeof referenceSchemas)[K]>;
export type ReferenceRow = { [K in ReferenceKind]: Row<K> }[ReferenceKind];
export type ReferenceData = { [K in ReferenceKind]: Row<K>[] };

/** What identifies a row of that kind. */
export function keyOf(row: ReferenceRow): string | number {
  if ("username" in row) return row.username;
  if ("address" in row) return row.address;
  return "identifier" in row ? row.identifier : row.id;
}

/** No rows of any kind. */
export function emptyReferenceData(): ReferenceData {
  return {
    departments: [],
    mailboxes: [],
    mailfilters: [],
    clients: [],
    users: [],
    contacts: [],
    services: [],
    domains: [],
    customfields: [],
    admins: [],
    credentials: [],
  };
}
