import type { ImapFlow } from "imapflow";
import type { After } from "./accounts.ts";

type Client = Pick<ImapFlow, "search" | "messageFlagsAdd" | "messageMove" | "messageCopy" | "messageDelete" | "mailboxCreate" | "usable" | "capabilities">;

const BY_UID = { uid: true } as const;

/** Does with stored messages what the account asks for; false when it could not be done. Doing it again changes nothing. */
export async function finishMessages(client: Client, uids: string, after: After): Promise<boolean> {
  switch (after.kind) {
    case "leave":
      return true;
    case "flag":
      return client.messageFlagsAdd(uids, ["\\Seen"], BY_UID);
    case "move":
      return move(client, uids, after.folder);
    case "delete":
      return remove(client, uids);
  }
}

async function move(client: Client, uids: string, folder: string): Promise<boolean> {
  // Without MOVE the library copies and expunges by itself, and would expunge what others have marked.
  const canMove = client.capabilities.has("MOVE");
  if (canMove && (await client.messageMove(uids, folder, BY_UID))) return true;
  if (!client.usable) return false;
  // The folder may be missing; when it is there this fails, and nothing is lost.
  await client.mailboxCreate(folder).catch(() => undefined);
  if (canMove && (await client.messageMove(uids, folder, BY_UID))) return true;
  return client.usable && (await client.messageCopy(uids, folder, BY_UID)) !== false && (await remove(client, uids));
}

/** Without UIDPLUS an EXPUNGE takes along whatever carries the mark: then only when nothing else does, or the mark has to do. */
async function remove(client: Client, uids: string): Promise<boolean> {
  if (!(await client.messageFlagsAdd(uids, ["\\Deleted"], BY_UID))) return false;
  const ours = new Set(uids.split(",").map(Number));
  const marked = client.capabilities.has("UIDPLUS") ? [] : await client.search({ deleted: true }, BY_UID);
  if (!marked || marked.some((uid) => !ours.has(uid))) return client.usable;
  return (await client.messageDelete(uids, BY_UID)) !== false;
}
