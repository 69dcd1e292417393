import { readFields } from "./fields.ts";

/** One recipient of a mail, and what became of the mail for it. */
export interface ReportedRecipient {
  address: string;
  /** `failed`, `delayed`, `delivered`, `relayed`, `expanded`. */
  action: string;
  /** Such as `5.1.1`; "" where nothing says so. */
  status: string;
  diagnostic: string;
  /** A failure of class 5; one of class 4 that was given up is none: the address may be good. */
  isPermanent: boolean;
}

/** A report about more has them left out: our mails go to few. */
export const MAX_RECIPIENTS = 100;
const MAX_DIAGNOSTIC_CHARS = 500;
const ACTIONS = new Set(["failed", "delayed", "delivered", "relayed", "expanded"]);

/** The recipients of a `message/delivery-status` part (RFC 3464). */
export function readDeliveryStatus(text: string): ReportedRecipient[] {
  const recipients: ReportedRecipient[] = [];
  for (const block of text.split(/\n[ \t]*\n/)) {
    const fields = readFields(block);
    const address = addressIn(fields.get("original-recipient")) ?? addressIn(fields.get("final-recipient"));
    if (address !== undefined && recipients.length < MAX_RECIPIENTS) recipients.push(recipientOf(address, fields));
  }
  return recipients;
}

function recipientOf(address: string, fields: ReadonlyMap<string, string>): ReportedRecipient {
  const diagnostic = (fields.get("diagnostic-code") ?? "").replace(/^[\w-]{1,20}\s*;\s*/, "");
  const stated = statusIn(fields.get("status"));
  // Servers that give up say 5.0.0, which tells nothing; the other server's own words may.
  const status = stated === "" || stated.endsWith(".0.0") ? statusIn(diagnostic) || stated : stated;
  return outcome({ address, action: fields.get("action") ?? "", status, diagnostic });
}

/** A recipient with what follows from the rest: an action that is missing, whether it is final. */
export function outcome(found: { address: string; action: string; status: string; diagnostic: string }): ReportedRecipient {
  const stated = /^[a-z]+/.exec(found.action.trim().toLowerCase())?.[0] ?? "";
  const action = ACTIONS.has(stated) ? stated : found.status.startsWith("4") ? "delayed" : found.status.startsWith("2") ? "delivered" : "failed";
  const isPermanent = action === "failed" && !found.status.startsWith("4");
  return { ...found, action, isPermanent, diagnostic: found.diagnostic.replace(/\s+/g, " ").trim().slice(0, MAX_DIAGNOSTIC_CHARS) };
}

/** An enhanced status code, or one made of an SMTP reply code; "" when there is neither. */
export function statusIn(text: string | undefined): string {
  const enhanced = /(?:^|[\s#(;:-])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(text ?? "")?.[1];
  if (enhanced !== undefined) return enhanced;
  const reply = /(?:^|[\s(:;#])([245])[0-5]\d(?=[\s\-:.,)]|$)/.exec(text ?? "")?.[1];
  return reply === undefined ? "" : `${reply}.0.0`;
}

/** `rfc822; a@b.c`, `utf-8; …`, and what programs make of it. */
function addressIn(value: string | undefined): string | undefined {
  const address = (value ?? "").replace(/^[^;@]{0,40};/, "").trim();
  return /[^\s<>"',;:]{1,250}@[^\s<>"',;:)]{1,250}/.exec(address)?.[0];
}
