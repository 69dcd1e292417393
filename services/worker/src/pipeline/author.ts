import { type AddTicketReplyCommand, LIMITS, type ReplyAuthor } from "@openticket/contract";
import type { Findings } from "./findings.ts";
import { called, readClient, readGuest } from "./opener.ts";
import type { Directory } from "./ports.ts";
import { withinLength } from "./subject.ts";

/**
 * Who replies: an admin where one is named, else the client or a contact or user of that client, else a guest with name
 * and address. A client that is given must exist even where an admin replies.
 */
export async function readAuthor(command: AddTicketReplyCommand, directory: Directory, findings: Findings): Promise<ReplyAuthor | undefined> {
  const { ticket, actor } = command;
  const { clientid, contactid, adminusername } = ticket;
  const client = clientid === undefined ? undefined : await readClient(clientid, { userid: actor?.userid, contactid }, directory, findings);
  if (adminusername !== undefined) return readAdmin(adminusername, directory, findings);
  const author = clientid === undefined ? readGuest(ticket, findings) : client;
  if (author === undefined || actor?.isVerified === undefined) return author;
  return { ...author, isVerified: actor.isVerified };
}

/** Callers name admins as they please: one who is not known here still counts as staff, as the reference has it. */
async function readAdmin(username: string, directory: Directory, findings: Findings): Promise<ReplyAuthor> {
  const admin = await directory.admin(username);
  if (admin) return { kind: "admin", admin: admin.username, ...called(admin) };
  findings.decide("author", "admin", `there is no admin "${username.slice(0, 40)}"; the name is shown as it was given`);
  const name = withinLength("adminusername", username, LIMITS.nameLength, findings);
  return { kind: "admin", admin: name, name };
}
