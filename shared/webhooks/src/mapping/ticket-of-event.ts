import { type DecodedTicket, decodeTicketParams, type EventDefaults, withoutReferences } from "@openticket/contract";

/** The parameters of OpenTicket that an event comes to: what its mapping yields, in any encoding of the call, over the defaults of its source. */
export function ticketOfEvent(params: Readonly<Record<string, unknown>>, defaults: EventDefaults = {}): DecodedTicket {
  const { name, email, ...others } = defaults;
  const opener = isNamed(params) ? namedByAddress(params) : given({ name, email });
  return withoutReferences(decodeTicketParams({ noemail: true, ...given(others), ...opener, ...params }));
}

/** Name and address of the defaults do not stand beside somebody else's. */
function isNamed(params: Readonly<Record<string, unknown>>): boolean {
  return ["clientid", "userid", "contactid", "email"].some((id) => params[id] !== undefined && params[id] !== "");
}

/** Whoever gives an address and no name is called by the address: an event is not lost for want of a name. */
function namedByAddress({ email }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return typeof email === "string" && email !== "" ? { name: email } : {};
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
