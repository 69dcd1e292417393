import { messageOf } from "@openticket/runtime";
import type { ImportDeps, ImportOptions } from "./import-ports.ts";
import type { FolderSession, MessageHead } from "./session.ts";

/** What became of one message of a folder. */
export type Taken = { uid: number } & (
  | { kind: "stored" | "repetition" | "not-wanted" }
  | { kind: "skipped"; reason: string; size: number }
  /** To be tried again; `mayBeGone`: it may have left the folder since it was found. */
  | { kind: "failed"; reason: string; mayBeGone?: true }
  /** Store or queue are away: it is not the message's fault. */
  | { kind: "our-trouble"; error: unknown }
);

export interface TakeOptions extends Omit<ImportOptions, "wanted"> {
  /** Only messages that the server got at that time or later. */
  since: Date | undefined;
}

/** Reads one message into the store. Never throws: the others of its batch go on. */
export async function takeMessage(head: MessageHead, session: FolderSession, options: TakeOptions, deps: ImportDeps): Promise<Taken> {
  const { uid, size, receivedAt } = head;
  if (options.since && receivedAt && receivedAt < options.since) return { uid, kind: "not-wanted" };
  if (size > options.maxBytes) return { uid, kind: "skipped", reason: "too-large", size };
  const reading = watchFaults(session.read(uid));
  try {
    const mailboxes = await deps.mailboxesOf(head);
    if (mailboxes.length === 0) return { uid, kind: "skipped", reason: "no-mailbox", size };
    // A folder may be read again whenever it is numbered anew.
    const received = await deps.receive(reading.raw, { ...options, mailboxes, repeatsLate: true });
    if (received.kind !== "received") return { uid, kind: "skipped", reason: received.kind, size };
    return { uid, kind: received.inbound.every(({ isRepetition }) => isRepetition) ? "repetition" : "stored" };
  } catch (error) {
    // A connection that breaks while this message is read may do so because of it: it is the message's failure too.
    if (!reading.hasFailed() && deps.isOutage(error)) return { uid, kind: "our-trouble", error };
    return { uid, kind: "failed", reason: messageOf(error) };
  }
}

/** Lost connections look alike, the store's and the mail server's: whose it was. */
function watchFaults(source: AsyncIterable<Uint8Array>): { raw: AsyncIterable<Uint8Array>; hasFailed(): boolean } {
  let isFaulty = false;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      isFaulty = true;
      throw error;
    }
  }
  return { raw: watched(), hasFailed: () => isFaulty };
}
