import { type FolderSession, ImapFault } from "../../../src/adapters/imap/session.ts";

export interface MemoryMessage {
  raw?: string;
  size?: number;
  receivedAt?: Date;
  recipients?: string[];
  /** What reading it does instead; `unseen`: it is found, and nothing is said of it. */
  breaks?: "message" | "connection" | "describe" | "unseen";
}

/** A folder of an IMAP server in memory; `steps` is what it was asked to do. */
export interface MemoryFolder {
  uidValidity: string;
  messages: Map<number, MemoryMessage>;
  steps: string[];
  modseq: number | undefined;
  refusesToFinish: boolean;
  /** Called before messages are finished; may throw. */
  onFinish(): void;
  open(): FolderSession;
}

export function makeMemoryFolder(messages: Record<number, MemoryMessage> = {}): MemoryFolder {
  const folder: MemoryFolder = {
    uidValidity: "1",
    messages: new Map(Object.entries(messages).map(([uid, message]) => [Number(uid), message])),
    steps: [],
    modseq: undefined,
    refusesToFinish: false,
    onFinish: () => undefined,
    open: () => openSession(folder),
  };
  return folder;
}

function openSession(folder: MemoryFolder): FolderSession {
  let isOpen = true;
  const lose = () => {
    isOpen = false;
    throw new ImapFault("lost", "the connection was lost");
  };
  const uids = () => [...folder.messages.keys()].toSorted((a, b) => a - b);
  return {
    async look() {
      if (!isOpen) lose();
      folder.steps.push("look");
      return { uidValidity: folder.uidValidity, uidNext: (uids().at(-1) ?? 0) + 1, modseq: folder.modseq?.toString() };
    },
    async find(range) {
      folder.steps.push(`find ${range}`);
      const parts = range.split(",").map((part) => part.split(":"));
      return uids().filter((uid) => parts.some(([from, to]) => (to === "*" ? uid >= Number(from) : uid === Number(from))));
    },
    async describe(wanted) {
      folder.steps.push(`describe ${wanted.join(",")}`);
      if (wanted.some((uid) => folder.messages.get(uid)?.breaks === "describe")) throw new ImapFault("refused", "NO");
      return wanted.flatMap((uid) => {
        const message = folder.messages.get(uid);
        return message && message.breaks !== "unseen"
          ? [{ uid, size: message.size ?? 1, receivedAt: message.receivedAt, recipients: message.recipients ?? [] }]
          : [];
      });
    },
    async *read(uid) {
      folder.steps.push(`read ${uid}`);
      const message = folder.messages.get(uid);
      if (message?.breaks === "connection") lose();
      yield Buffer.from(message?.raw ?? `message ${uid}`);
      // The system's word for it, which the store's driver has as well.
      if (message?.breaks === "message") throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    },
    async finish(done) {
      folder.onFinish();
      folder.steps.push(`finish ${done.join(",")}`);
      return !folder.refusesToFinish;
    },
    news: (_timeoutMs, stopped) => new Promise((resolve) => stopped.addEventListener("abort", () => resolve(), { once: true })),
    isOpen: () => isOpen,
    async close() {
      isOpen = false;
    },
    destroy() {
      isOpen = false;
    },
  };
}
