import { plainAddress } from "./addresses.ts";
import type { MailCase, Sender } from "./mail-case.ts";
import type { KnownTicket, LinkedTicket } from "./ports.ts";

/**
 * Where a closed ticket goes on for this sender: the ticket of theirs that was opened instead of it, and instead of that one
 * in turn. Undefined when there is none that is open: a client's next mail would open one after the other.
 */
export async function findSuccessor(closed: KnownTicket, mailCase: MailCase): Promise<LinkedTicket | undefined> {
  const sender = await mailCase.sender();
  let id = closed.id;
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = (await mailCase.deps.tickets.findLinkedTo(id)).find(({ opener }) => isOf(opener, sender));
    if (!next || !isClosed(next)) return next;
    id = next.id;
  }
  return undefined;
}

/** Links that are followed. */
const MAX_STEPS = 20;

/** True for a status that says so, in whatever case. */
export function isClosed({ status }: Pick<KnownTicket, "status">): boolean {
  return status.toLowerCase() === "closed";
}

/** A client's ticket is that of all who may act for it; a guest's is that of their address, which proved no more when it was opened. */
function isOf(opener: KnownTicket["opener"], { person, address }: Sender): boolean {
  if ("clientid" in person) return opener.clientid === person.clientid;
  return opener.kind === "guest" && plainAddress(opener.email) === plainAddress(address);
}
