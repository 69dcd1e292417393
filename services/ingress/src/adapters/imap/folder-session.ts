import type { FetchMessageObject, FetchQueryObject, ImapFlow } from "imapflow";
import { finishMessages } from "./finish-messages.ts";
import type { ImapFolder } from "./read-accounts.ts";
import { type FolderSession, ImapFault, type MessageHead } from "./session.ts";

/** Fetched of a message at once, bytes; a few messages are fetched side by side. */
const CHUNK_BYTES = 256 * 1024;
const DAY_MS = 86_400_000;
const LOGOUT_TIMEOUT_MS = 2000;
const BY_UID = { uid: true } as const;
/** Where mail servers note whom a message was delivered to. */
const DELIVERED_TO = ["Delivered-To", "X-Original-To", "Envelope-To"];

type Client = Pick<
  ImapFlow,
  | "mailboxOpen"
  | "search"
  | "fetchAll"
  | "download"
  | "messageFlagsAdd"
  | "messageMove"
  | "messageCopy"
  | "messageDelete"
  | "mailboxCreate"
  | "logout"
  | "close"
  | "usable"
  | "capabilities"
  | "on"
>;

/** The session on a client that has logged in. */
export function makeFolderSession(client: Client, folder: Pick<ImapFolder, "path" | "mailbox" | "after">): FolderSession {
  const changes = watchChanges(client);
  const query: FetchQueryObject = {
    uid: true,
    size: true,
    internalDate: true,
    ...(folder.mailbox.kind === "by-recipient" && { envelope: true, headers: DELIVERED_TO }),
  };
  const asking = <T>(step: Promise<T>): Promise<T> => step.catch((error: unknown) => Promise.reject(faultOf(error, client)));
  return {
    async look() {
      changes.forget();
      const { uidValidity, uidNext, highestModseq, noModseq } = await asking(client.mailboxOpen(folder.path));
      return { uidValidity: String(uidValidity), uidNext, modseq: noModseq ? undefined : highestModseq?.toString() };
    },
    async find(range, since) {
      // A search compares days, in a time zone of the server's choice: those of the day before are sorted out later.
      const earliest = since && new Date(since.getTime() - DAY_MS);
      // Where deleting is not ours, a message with that mark was deleted by somebody.
      const query = { uid: range, ...(earliest && { since: earliest }), ...(folder.after.kind !== "delete" && { deleted: false }) };
      const found = await asking(client.search(query, BY_UID));
      if (!found) throw new ImapFault(client.usable ? "refused" : "lost", "the search was not answered");
      return found.toSorted((a, b) => a - b);
    },
    describe: async (uids) => (await asking(client.fetchAll([...uids], query, BY_UID))).map(headOf),
    async *read(uid) {
      const { content } = await asking(client.download(String(uid), undefined, { uid: true, chunkSize: CHUNK_BYTES }));
      if (!content) throw new ImapFault(client.usable ? "refused" : "lost", "the message is gone");
      yield* content;
    },
    async finish(uids) {
      const isDone = await asking(finishMessages(client, uids.join(","), folder.after));
      if (!isDone && !client.usable) throw new ImapFault("lost", "the connection was lost");
      return isDone;
    },
    news: (timeoutMs, stopped) => changes.wait(timeoutMs, stopped),
    isOpen: () => client.usable,
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, LOGOUT_TIMEOUT_MS).unref());
      await Promise.race([client.logout().catch(() => undefined), late]);
      client.close();
    },
    destroy: () => client.close(),
  };
}

/** Remembers what the server reports by itself until somebody waits for it. */
function watchChanges(client: Client) {
  let isChanged = false;
  let wake = () => {};
  const note = () => {
    isChanged = true;
    wake();
  };
  client.on("exists", ({ count, prevCount }) => {
    if (count > prevCount) note();
  });
  client.on("close", note);
  return {
    forget() {
      isChanged = false;
    },
    async wait(timeoutMs: number, stopped: AbortSignal): Promise<void> {
      if (isChanged || stopped.aborted || !client.usable) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, timeoutMs);
        function done() {
          clearTimeout(timer);
          stopped.removeEventListener("abort", done);
          resolve();
        }
        wake = done;
        stopped.addEventListener("abort", done, { once: true });
      });
    },
  };
}

function headOf({ uid, size = 0, internalDate, envelope, headers }: FetchMessageObject): MessageHead {
  const named = [...(envelope?.to ?? []), ...(envelope?.cc ?? [])].flatMap(({ address }) => (address ? [address] : []));
  const words = headers?.toString("latin1").split(/[\s<>:,;"]+/) ?? [];
  const delivered = words.filter((word) => /.@./.test(word));
  const receivedAt = internalDate === undefined ? undefined : new Date(internalDate);
  return { uid, size, receivedAt, recipients: [...new Set([...named, ...delivered].map((address) => address.toLowerCase()))] };
}

/** Errors of the library hold the command as it was sent; what is kept of them is what the server said. */
function faultOf(error: unknown, client: Client): ImapFault {
  const { responseText, message } =
    error instanceof Error ? { responseText: "", ...error, message: error.message } : { responseText: "", message: String(error) };
  return new ImapFault(client.usable ? "refused" : "lost", responseText || message);
}
