/** An open folder of an IMAP server: what the import asks of it. A lost connection is thrown as {@link ImapFault}. */
export interface FolderSession {
  /** Looks at the folder anew. */
  look(): Promise<FolderView>;
  /** UIDs of the messages in a range of UIDs, ascending; `since`: those that came in that day or later. */
  find(range: string, since: Date | undefined): Promise<number[]>;
  /** What there still is of these messages. */
  describe(uids: readonly number[]): Promise<MessageHead[]>;
  /** The message as it was sent, piece by piece. */
  read(uid: number): AsyncIterable<Uint8Array>;
  /** Does with taken messages what is asked for; false when the server refuses. */
  finish(uids: readonly number[]): Promise<boolean>;
  /** Ends when there may be something new, when the connection is gone, or after the time. */
  news(timeoutMs: number, stopped: AbortSignal): Promise<void>;
  isOpen(): boolean;
  /** Takes leave. */
  close(): Promise<void>;
  /** Ends the connection now; what is under way fails. */
  destroy(): void;
}

export interface FolderView {
  uidValidity: string;
  uidNext: number;
  /** The server's mark of the folder's last change, where it has one. */
  modseq: string | undefined;
}

export interface MessageHead {
  uid: number;
  /** As the server says, bytes. */
  size: number;
  /** When the server got it. */
  receivedAt: Date | undefined;
  /** Addresses in To, Cc and then Delivered-To, in lower case; none unless they are asked for. */
  recipients: string[];
}

/** What may be wrong with a server. */
export const IMAP_FAULTS = ["connect", "login", "lost", "refused"] as const;

/** Something about the server; the message holds no secrets. */
export class ImapFault extends Error {
  override name = "ImapFault";
  readonly kind: (typeof IMAP_FAULTS)[number];

  constructor(kind: ImapFault["kind"], words: string) {
    super(words);
    this.kind = kind;
  }
}
