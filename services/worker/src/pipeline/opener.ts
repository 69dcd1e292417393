import { LIMITS, NO_SUCH_ID, type Opener, type OpenTicketCommand, referenceError } from "@openticket/contract";
import { isEmailAddress } from "./email-address.ts";
import type { Findings } from "./findings.ts";
import type { Client, Directory } from "./ports.ts";
import { oneLine, withinLength } from "./subject.ts";

/** Somebody who writes to us, for himself. */
type Person = Omit<Opener, "admin">;

/**
 * Who opens the ticket: the client, a user or contact of that client, or a guest with name and address; and the admin
 * who does so on their behalf, when `admin` is asked for and the credential has one.
 */
export async function readOpener(command: OpenTicketCommand, directory: Directory, findings: Findings): Promise<Opener | undefined> {
  const { clientid } = command.ticket;
  const opener = clientid === undefined ? readGuest(command.ticket, findings) : await readClient(clientid, command.ticket, directory, findings);
  if (!opener) return undefined;
  if (command.actor?.isVerified !== undefined) opener.isVerified = command.actor.isVerified;
  const admin = await readAdmin(command, directory, findings);
  return admin === undefined ? opener : { ...opener, admin };
}

/** A guest, who gives name and address. */
export function readGuest({ name, email }: Pick<OpenTicketCommand["ticket"], "name" | "email">, findings: Findings): Person | undefined {
  const [givenName, givenEmail] = [oneLine(name ?? ""), (email ?? "").trim()];
  const isComplete = givenName !== "" && givenEmail !== "";
  if (!isComplete) findings.error(referenceError("name_and_email_required"));
  const isAddress = givenEmail === "" || isEmailAddress(givenEmail);
  if (!isAddress) findings.error(referenceError("email_invalid"));
  return isComplete && isAddress ? { kind: "guest", name: withinLength("name", givenName, LIMITS.nameLength, findings), email: givenEmail } : undefined;
}

/** The client, or a user or contact of it. `userid` counts before `contactid`; both only as the client's own. */
export async function readClient(
  clientid: number,
  { userid, contactid }: { userid?: number | undefined; contactid?: number | undefined },
  directory: Directory,
  findings: Findings,
): Promise<Person | undefined> {
  const [client, user, contact] = await Promise.all([
    lookUp(clientid, (id) => directory.client(id)),
    lookUp(userid, (id) => directory.user(id)),
    lookUp(userid === undefined ? contactid : undefined, (id) => directory.contact(id)),
  ]);
  if (!client) findings.error(referenceError("client_not_found"));
  if (userid !== undefined) {
    if (client && user?.clientids.includes(clientid)) return { kind: "user", clientid, userid, ...called(user) };
    if (!user?.clientids.includes(clientid)) findings.error(referenceError("user_not_found"));
    return undefined;
  }
  if (contactid !== undefined) {
    if (client && contact?.clientid === clientid) return { kind: "contact", clientid, contactid, ...called(contact) };
    if (contact?.clientid !== clientid) findings.error(referenceError("contact_not_found"));
    return undefined;
  }
  return client && { kind: "client", clientid, ...called(client) };
}

async function readAdmin({ ticket, actor }: OpenTicketCommand, directory: Directory, findings: Findings): Promise<string | undefined> {
  if (!ticket.admin) return undefined;
  const admin = actor?.admin === undefined ? undefined : await directory.admin(actor.admin);
  if (admin && !admin.disabled) return admin.username;
  findings.decide("opener", "client", "admin was asked for, but no enabled admin stands behind the credential");
  return undefined;
}

async function lookUp<T>(id: number | undefined, find: (id: number) => Promise<T | undefined>): Promise<T | undefined> {
  return id === undefined || id === NO_SUCH_ID ? undefined : find(id);
}

/** Name and address of somebody of the reference data. */
export function called({ firstname, lastname, email }: Pick<Client, "firstname" | "lastname" | "email">) {
  return { name: oneLine(`${firstname} ${lastname}`), email };
}
