import type { RequestError } from "../errors.ts";
import type { TicketParams } from "../ticket-params.ts";
import { decodeAttachments } from "./attachments.ts";
import { decodeCustomFields } from "./custom-fields.ts";
import { decodeFlag, decodeId, decodeKeyword, decodeText } from "./literals.ts";

export { attachmentName } from "./attachments.ts";
export { decodeBase64 } from "./base64.ts";
export { isNotGiven, NO_SUCH_ID } from "./literals.ts";

/** Parameters of the call by the type that they are read as. `attachments` and `customfields` have their own readers. */
const IDS = ["deptid", "clientid", "userid", "contactid", "serviceid", "domainid"] as const;
const FLAGS = ["admin", "noemail", "markdown", "preventClientClosure"] as const;
const TEXTS = ["subject", "message", "name", "email"] as const;
const KEYWORDS = ["priority", "created"] as const;
/** The name that a parameter had in earlier versions of the call. */
const OLD_NAMES: Partial<Record<string, string>> = { markdown: "useMarkdown" };

export interface DecodedTicket {
  ticket: TicketParams;
  /** Values that could not be read at all, each with what was wrong and what would be right. */
  problems: RequestError[];
}

/**
 * Reads the parameters of the call in any encoding that callers use into real types. Real types pass through
 * unchanged, so that reading twice does no harm. Unknown parameters are ignored. Never throws.
 */
export function decodeTicketParams(raw: Record<string, unknown>): DecodedTicket {
  const ticket: TicketParams = {};
  const problems: RequestError[] = [];
  const refuse = (field: string, message: string) => problems.push({ code: `${field}_invalid`, field, message });
  for (const name of IDS) setIfGiven(ticket, name, decodeId(own(raw, name)));
  for (const name of FLAGS) setIfGiven(ticket, name, decodeFlag(own(raw, name)) ?? decodeFlag(own(raw, OLD_NAMES[name] ?? name)));
  for (const [names, decode] of [
    [TEXTS, decodeText],
    [KEYWORDS, decodeKeyword],
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
  return { ticket, problems };
}

function own(raw: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(raw, name) ? raw[name] : undefined;
}

function setIfGiven<K extends keyof TicketParams>(ticket: TicketParams, name: K, value: TicketParams[K] | undefined | null): void {
  if (value !== undefined && value !== null) ticket[name] = value;
}
