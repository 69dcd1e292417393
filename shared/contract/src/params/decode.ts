import type { RequestError } from "../errors.ts";
import type { ReplyParams } from "../reply-params.ts";
import type { TicketParams } from "../ticket-params.ts";
import { decodeAttachments } from "./attachments.ts";
import { decodeCustomFields } from "./custom-fields.ts";
import { decodeFlag, decodeId, decodeKeyword, decodeText } from "./literals.ts";

export { attachmentName } from "./attachments.ts";
export { areLines, decodeBase64 } from "./base64.ts";
export { decodeId, decodeText, isNotGiven, NO_SUCH_ID } from "./literals.ts";

/** Parameters of a call by the type that they are read as. `attachments` and `customfields` have their own readers. */
const OPEN_TICKET = {
  ids: ["deptid", "clientid", "userid", "contactid", "serviceid", "domainid"],
  flags: ["admin", "noemail", "markdown", "preventClientClosure"],
  texts: ["subject", "message", "name", "email"],
  keywords: ["priority", "created"],
} as const;
const ADD_TICKET_REPLY = {
  ids: ["ticketid", "clientid", "contactid"],
  flags: ["noemail", "markdown"],
  texts: ["message", "name", "email"],
  keywords: ["adminusername", "status", "created"],
} as const;
/** The name that a parameter had in earlier versions of the call. */
const OLD_NAMES: Partial<Record<string, string>> = { markdown: "useMarkdown" };

export interface Decoded<T> {
  ticket: T;
  /** Values that could not be read at all, each with what was wrong and what would be right. */
  problems: RequestError[];
}
export type DecodedTicket = Decoded<TicketParams>;

/**
 * Reads the parameters of OpenTicket in any encoding that callers use into real types. Real types pass through
 * unchanged, so that reading twice does no harm. Unknown parameters are ignored. Never throws.
 */
export function decodeTicketParams(raw: Record<string, unknown>): DecodedTicket {
  return decodeParams<TicketParams>(raw, OPEN_TICKET);
}

/** The same for the parameters of AddTicketReply. */
export function decodeReplyParams(raw: Record<string, unknown>): Decoded<ReplyParams> {
  return decodeParams<ReplyParams>(raw, ADD_TICKET_REPLY);
}

/** For what a stranger to the queue sends: a reference to a stored file, which may be anybody's, is our own doors' to make. */
export function withoutReferences<T extends Pick<TicketParams, "attachments">>({ ticket, problems }: Decoded<T>): Decoded<T> {
  if (!ticket.attachments?.some((file) => "sha256" in file)) return { ticket, problems };
  const message = "attachments must hold their content in data, in base64; they cannot refer to files that are stored";
  return { ticket: { ...ticket, attachments: undefined }, problems: [...problems, { code: "attachments_invalid", field: "attachments", message }] };
}

/** What the calls have in common; a spec names no parameter that its call does not have. */
type Params = Pick<TicketParams, "customfields" | "attachments">;
type NamesOf<T, V> = { [K in keyof T]-?: NonNullable<T[K]> extends V ? K : never }[keyof T] & string;
interface Spec<T> {
  ids: readonly NamesOf<T, number>[];
  flags: readonly NamesOf<T, boolean>[];
  texts: readonly NamesOf<T, string>[];
  keywords: readonly NamesOf<T, string>[];
}

function decodeParams<T extends Params>(raw: Record<string, unknown>, spec: Spec<T>): Decoded<T> {
  const ticket: Record<string, unknown> = {};
  const problems: RequestError[] = [];
  const refuse = (field: string, message: string) => problems.push({ code: `${field}_invalid`, field, message });
  for (const name of spec.ids) setIfGiven(ticket, name, decodeId(own(raw, name)));
  for (const name of spec.flags) setIfGiven(ticket, name, decodeFlag(own(raw, name)) ?? decodeFlag(own(raw, OLD_NAMES[name] ?? name)));
  for (const [names, decode] of [
    [spec.texts, decodeText],
    [spec.keywords, decodeKeyword],
  ] as const) {
    for (const name of names) {
      const text = decode(own(raw, name));
      if (text === null) refuse(name, `${name} must be text, not a list or an object`);
      setIfGiven(ticket, name, text === "" ? undefined : text?.toWellFormed());
    }
  }
  const fields = decodeCustomFields(own(raw, "customfields"));
  if (fields.kind === "invalid") refuse("customfields", fields.reason);
  if (fields.kind === "fields") setIfGiven(ticket, "customfields", fields.fields);
  const files = decodeAttachments(own(raw, "attachments"));
  if (files.kind === "invalid") refuse("attachments", files.reason);
  if (files.kind === "attachments") setIfGiven(ticket, "attachments", files.attachments);
  // A parser's own end: the spec has read each parameter as its type.
  return { ticket: ticket as T, problems };
}

function own(raw: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(raw, name) ? raw[name] : undefined;
}

function setIfGiven(ticket: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined && value !== null) ticket[name] = value;
}
