import { z } from "zod";

/** What an operator says of an IMAP account; docs/email.md has the words. */

const text = () => z.string().min(1, "expected some text");
const hostName = () => z.string().regex(/^[^\s/@]+$/, "expected a host name or address");
const address = () =>
  z
    .string()
    .regex(/^[^\s@<>]+@[^\s@<>]+$/, "expected an address such as support@example.test")
    .transform((value) => value.toLowerCase());
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const oauth2 = z
  .strictObject({
    tokenUrl: z.string().refine(isSafeUrl, "expected a URL with https"),
    clientId: text(),
    clientSecret: text().optional(),
    clientSecretEnv: text().optional(),
    refreshToken: text().optional(),
    refreshTokenEnv: text().optional(),
    scope: text().optional(),
  })
  .refine((given) => [given.refreshToken, given.refreshTokenEnv].filter(Boolean).length === 1, "expected one of refreshToken and refreshTokenEnv")
  .refine((given) => !(given.clientSecret && given.clientSecretEnv), "expected one of clientSecret and clientSecretEnv");

const after = z.union(
  [
    z.enum(["flag", "delete", "leave"]).transform((kind) => ({ kind })),
    z
      .string()
      .regex(/^move:./)
      .transform((value) => ({ kind: "move" as const, folder: value.slice("move:".length) })),
  ],
  "expected flag, move:FOLDER, delete or leave",
);
/** What happens to a message once it is stored. */
export type After = z.output<typeof after>;

const since = z.union(
  [z.enum(["all", "now"]), z.iso.date().transform((day) => new Date(day)), z.iso.datetime({ offset: true }).transform((at) => new Date(at))],
  "expected all, now or a date such as 2026-01-31",
);

/** One account as it stands in the file. */
export const imapAccount = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^\s/]{1,100}$/, "expected a short name without blank and slash")
      .optional(),
    host: hostName(),
    port: z.int("expected a whole number").min(1, "expected a port from 1 to 65535").max(65_535, "expected a port from 1 to 65535").optional(),
    tls: z.enum(["implicit", "starttls", "none"], "expected implicit, starttls or none").default("implicit"),
    caFile: text().optional(),
    user: text(),
    password: text().optional(),
    passwordEnv: text().optional(),
    oauth2: oauth2.optional(),
    folders: z.array(text(), "expected a list of folders").min(1, "expected at least one folder").default(["INBOX"]),
    mailbox: z.union([z.literal("byRecipient"), address()], "expected byRecipient or an address such as support@example.test"),
    otherwise: address().optional(),
    after: after.default({ kind: "flag" }),
    since: since.default("all"),
    maxBytes: z.int("expected a whole number").min(1024, "expected at least 1024").optional(),
  })
  .refine((given) => [given.password, given.passwordEnv, given.oauth2].filter(Boolean).length === 1, "expected one of password, passwordEnv and oauth2")
  .refine((given) => given.otherwise === undefined || given.mailbox === "byRecipient", "expected mailbox byRecipient beside otherwise")
  .refine((given) => given.after.kind !== "move" || !given.folders.includes(given.after.folder), "expected another folder to move to")
  .refine((given) => given.tls !== "none" || LOOPBACK.test(given.host), "expected tls implicit or starttls: none is for this machine alone");
export type ImapAccount = z.output<typeof imapAccount>;

/** Tokens go over TLS, or stay on this machine. */
function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
}

/** `imaps://user:password@host:993/INBOX?mailbox=support@example.test&after=move:Done` in the words of the file. Undefined for what is no such URL. */
export function accountOfUrl(value: string): Record<string, unknown> | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.protocol !== "imap:" && url.protocol !== "imaps:") return undefined;
  const { maxBytes, ...given } = Object.fromEntries(url.searchParams);
  const folder = decodeURIComponent(url.pathname.slice(1));
  return {
    tls: url.protocol === "imaps:" ? "implicit" : "starttls",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    ...(url.port && { port: Number(url.port) }),
    user: decodeURIComponent(url.username),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(folder && { folders: [folder] }),
    ...(maxBytes !== undefined && { maxBytes: Number(maxBytes) }),
    ...given,
  };
}
